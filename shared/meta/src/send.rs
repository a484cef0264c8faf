//! The one call that cannot be taken back: sending a message, and what its answer proves.

use domain::message::Outcome;
use domain::{AttemptId, PhoneNumber, PhoneNumberId, Wamid};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::client::{Answer, Client};
use crate::error::{CallError, ErrorClass, GraphError};

/// How long Meta wants a pair of numbers left alone: one message in six seconds (Meta: pair rate limits).
const PAIR_WAIT: SignedDuration = SignedDuration::from_secs(6);

/// A template message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSend {
    /// To whom.
    pub to: PhoneNumber,
    /// The template's name.
    pub template: String,
    /// The template's language.
    pub language: String,
    /// Values of `{{1}}`, `{{2}}`, … of the body.
    pub parameters: Vec<String>,
    /// Travels as `biz_opaque_callback_data` and comes back with the statuses.
    pub attempt: AttemptId,
}

#[derive(Serialize)]
struct Request<'a> {
    messaging_product: &'static str,
    recipient_type: &'static str,
    to: &'a str,
    r#type: &'static str,
    template: Template<'a>,
    biz_opaque_callback_data: String,
}

#[derive(Serialize)]
struct Template<'a> {
    name: &'a str,
    language: Language<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component<'a>>,
}

#[derive(Serialize)]
struct Language<'a> {
    code: &'a str,
}

#[derive(Serialize)]
struct Component<'a> {
    r#type: &'static str,
    parameters: Vec<Parameter<'a>>,
}

#[derive(Serialize)]
struct Parameter<'a> {
    r#type: &'static str,
    text: &'a str,
}

#[derive(Deserialize)]
struct Response {
    messages: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

impl Client {
    /// Asks Meta to send a template message. Whatever happens is an [`Outcome`]; what may have left is never called
    /// unsent (I17a).
    pub async fn send_template(&self, token: &str, from: &PhoneNumberId, send: &TemplateSend) -> Outcome {
        let request = self.authorized(Method::POST, &format!("{from}/messages"), token).json(&body(send));
        outcome(self.exchange(request).await)
    }
}

fn body(send: &TemplateSend) -> Request<'_> {
    let parameters: Vec<Parameter<'_>> =
        send.parameters.iter().map(|text| Parameter { r#type: "text", text }).collect();
    let components =
        if parameters.is_empty() { Vec::new() } else { vec![Component { r#type: "body", parameters }] };
    Request {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        to: send.to.as_str(),
        r#type: "template",
        template: Template { name: &send.template, language: Language { code: &send.language }, components },
        biz_opaque_callback_data: send.attempt.to_string(),
    }
}

/// The table of `domain::message::outcome`, applied to what was seen.
fn outcome(seen: Result<Answer, CallError>) -> Outcome {
    let answer = match seen {
        Ok(answer) => answer,
        Err(CallError::NotConnected(_)) => return Outcome::KnownUnsent { wait: None, error: None },
        Err(error) => {
            tracing::warn!(%error, "a send has an unknown outcome");
            return Outcome::Unknown;
        }
    };
    let error = GraphError::read(&answer.bytes);
    match error {
        // Even with an error in it: what a failing server says of what it did proves nothing.
        _ if answer.status.is_server_error() => Outcome::Unknown,
        Some(error) if error.class().is_throttle() => {
            let wait = (error.class() == ErrorClass::ThrottlePair).then_some(PAIR_WAIT);
            Outcome::KnownUnsent { wait, error: Some(error.as_meta_error()) }
        }
        Some(error) if error.class() == ErrorClass::Transient => Outcome::Unknown,
        Some(error) => Outcome::Rejected(error.as_meta_error()),
        None if answer.status == StatusCode::TOO_MANY_REQUESTS => {
            Outcome::KnownUnsent { wait: None, error: None }
        }
        None if answer.status.is_success() => named(&answer.bytes),
        None => Outcome::Unknown,
    }
}

fn named(bytes: &[u8]) -> Outcome {
    let id = serde_json::from_slice::<Response>(bytes)
        .ok()
        .and_then(|response| response.messages.into_iter().next());
    id.map(|named| named.id)
        .filter(|id| !id.is_empty())
        .map_or(Outcome::Unknown, |id| Outcome::Accepted(Wamid(id)))
}

#[cfg(test)]
mod tests;

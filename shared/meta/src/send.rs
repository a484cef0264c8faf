//! The one call that cannot be taken back: sending a message, and what its answer proves.

use std::error::Error as _;

use domain::message::Outcome;
use domain::{AttemptId, PhoneNumber, PhoneNumberId, Wamid};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::client::{Answer, Client};
use crate::error::{CallError, ErrorClass, GraphError};

mod wait;

/// A template message to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateSend {
    /// To whom.
    pub to: PhoneNumber,
    /// The template's name.
    pub template: String,
    /// The template's language, such as `en_US`.
    pub language: String,
    /// Values of `{{1}}`, `{{2}}`, … of the body, none of them empty.
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
    /// Asks Meta to send a template message (`POST /{phone_number_id}/messages`). Whatever happens is an [`Outcome`]; what
    /// may have left is never called unsent (I17a). Meta has no key that would make a second call harmless.
    pub async fn send_template(&self, token: &str, from: &PhoneNumberId, send: &TemplateSend) -> Outcome {
        let request = self.authorized(Method::POST, &[&from.0, "messages"], token).json(&body(send));
        match self.exchange(request).await {
            Ok(answer) => outcome(&answer),
            Err(CallError::NotSent(error)) => {
                tracing::warn!(%error, cause = error.source(), "a message did not leave");
                Outcome::KnownUnsent { wait: None, error: None }
            }
            Err(error) => {
                tracing::warn!(%error, cause = error.source(), attempt = %send.attempt, "a send has an unknown outcome");
                Outcome::Unknown
            }
        }
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

/// What an answer proves.
///
/// | status | body | outcome |
/// |---|---|---|
/// | 2xx | an id, whatever stands beside it | accepted |
/// | 2xx | no id | unknown: an error in a success contradicts itself |
/// | 4xx | an error that holds [for now](ErrorClass::is_for_now) | known unsent |
/// | 4xx | an error of Meta's own servers | unknown |
/// | 4xx | any other error | rejected |
/// | 4xx | an error and an id | unknown |
/// | 429 | no error | known unsent |
/// | all others | all others | unknown: what a failing server says of what it did proves nothing |
fn outcome(answer: &Answer) -> Outcome {
    let id = message_id(&answer.bytes);
    if answer.status.is_success() {
        return id.map_or(Outcome::Unknown, Outcome::Accepted);
    }
    if !answer.status.is_client_error() || id.is_some() {
        return Outcome::Unknown;
    }
    let asked = wait::asked(&answer.headers);
    let Some(error) = GraphError::read(&answer.bytes) else {
        let is_throttle = answer.status == StatusCode::TOO_MANY_REQUESTS;
        return if is_throttle {
            Outcome::KnownUnsent { wait: asked, error: None }
        } else {
            Outcome::Unknown
        };
    };
    match error.class() {
        ErrorClass::TransientServer => Outcome::Unknown,
        class if class.is_for_now() => {
            Outcome::KnownUnsent { wait: asked.or(class.wait()), error: Some(error.as_meta_error()) }
        }
        _ => Outcome::Rejected(error.as_meta_error()),
    }
}

fn message_id(bytes: &[u8]) -> Option<Wamid> {
    let response: Response = serde_json::from_slice(bytes).ok()?;
    response.messages.into_iter().next().map(|named| named.id).filter(|id| !id.is_empty()).map(Wamid)
}

#[cfg(test)]
mod tests;

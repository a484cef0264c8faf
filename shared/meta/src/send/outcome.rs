//! What an answer to a send proves, and what it says of the message.

use domain::Wamid;
use domain::messages::Outcome;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Answer;
use crate::error::{ErrorClass, GraphError, Usage};

/// What Meta says of a message that it took. Everything but its id may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Meta's id of the message.
    pub wamid: Wamid,
    /// The recipient as the request had it.
    pub input: Option<String>,
    /// The recipient as statuses name it: Meta rewrites Brazilian and Mexican numbers.
    pub wa_id: Option<String>,
    /// The recipient's business-scoped user id.
    pub user_id: Option<String>,
    /// Of templates: `accepted`, `held_for_quality_assessment` or `paused`. A held message is sent or dropped within an
    /// hour (Meta: template pacing).
    pub message_status: Option<String>,
    /// The group that it went to.
    pub group_id: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    messages: Vec<Named>,
    /// Read loosely: whatever it holds, an id is an id.
    #[serde(default)]
    contacts: Value,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    message_status: Value,
    #[serde(default)]
    group_id: Value,
}

/// What an answer proves.
///
/// | status | body | outcome |
/// |---|---|---|
/// | 2xx | an id, whatever stands beside it | accepted |
/// | 2xx | no id | unknown: an error in a success contradicts itself |
/// | 4xx | an error that holds [for now](ErrorClass::is_temporary) | known unsent |
/// | 4xx | an error of Meta's own servers | unknown |
/// | 4xx | any other error | rejected |
/// | 4xx | an error and an id | unknown |
/// | 429 | no error | known unsent |
/// | all others | all others | unknown: what a failing server says of what it did proves nothing |
pub(super) fn outcome(answer: &Answer) -> Outcome {
    let accepted = accepted(&answer.bytes);
    if answer.status.is_success() {
        return accepted.map_or(Outcome::Unknown, |accepted| Outcome::Accepted(accepted.wamid));
    }
    if !answer.status.is_client_error() || accepted.is_some() {
        return Outcome::Unknown;
    }
    let asked = Usage::of(&answer.headers).asked_wait();
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
        class if class.is_temporary() => {
            Outcome::KnownUnsent { wait: asked.or(class.wait()), error: Some(error.as_meta_error()) }
        }
        _ => Outcome::Rejected(error.as_meta_error()),
    }
}

/// The message that an answer names.
pub(super) fn accepted(bytes: &[u8]) -> Option<Accepted> {
    let response: Response = serde_json::from_slice(bytes).ok()?;
    let message = response.messages.into_iter().next().filter(|message| !message.id.is_empty())?;
    let of_contact = |key: &str| response.contacts.get(0).and_then(|contact| contact.get(key)).and_then(text);
    Some(Accepted {
        wamid: Wamid(message.id),
        input: of_contact("input"),
        wa_id: of_contact("wa_id"),
        user_id: of_contact("user_id"),
        message_status: text(&message.message_status),
        group_id: text(&message.group_id),
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

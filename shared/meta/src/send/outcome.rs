//! What the answer to a send proves, and what it says about the message.

use domain::messages::Outcome;
use domain::{Wamid, foreign};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Answer;
use crate::error::{ErrorClass, GraphError, Usage};

/// Meta's answer to an accepted message. Only the id is always present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub wamid: Wamid,
    /// The recipient as in the request.
    pub input: Option<String>,
    /// The recipient as in delivery statuses: Meta rewrites Brazilian and Mexican numbers.
    pub wa_id: Option<String>,
    /// The recipient's business-scoped user id.
    pub user_id: Option<String>,
    /// For templates: `accepted`, `held_for_quality_assessment` or `paused`. A held message is sent or dropped within
    /// an hour (Meta: template pacing).
    pub message_status: Option<String>,
    pub group_id: Option<String>,
}

#[derive(Deserialize)]
struct SendResponse {
    messages: Vec<MessageJson>,
    /// Read without a schema: whatever it holds, the message's id counts.
    #[serde(default)]
    contacts: Value,
}

#[derive(Deserialize)]
struct MessageJson {
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
/// | 2xx | an id, whatever else it holds | accepted |
/// | 2xx | no id, or one that cannot be stored | unknown: an error in a success contradicts itself |
/// | 4xx | a [temporary](ErrorClass::is_temporary) error | known unsent |
/// | 4xx | a failure of Meta's servers | unknown |
/// | 4xx | any other error | rejected |
/// | 4xx | an error and an id | unknown |
/// | 429 | no error | known unsent |
/// | all others | all others | unknown: the answer of a failing server proves nothing |
pub(super) fn outcome(answer: &Answer) -> Outcome {
    let accepted = accepted(&answer.bytes);
    if answer.status.is_success() {
        // An id that cannot be stored is still a sign that Meta accepted the message, so it is never sent again.
        let named = accepted.filter(|accepted| foreign::is_id(&accepted.wamid.0));
        return named.map_or(Outcome::Unknown, |accepted| Outcome::Accepted(accepted.wamid));
    }
    if !answer.status.is_client_error() || accepted.is_some() {
        return Outcome::Unknown;
    }
    let wait = Usage::of(&answer.headers).requested_wait();
    let Some(error) = GraphError::read(&answer.bytes) else {
        let is_throttle = answer.status == StatusCode::TOO_MANY_REQUESTS;
        return if is_throttle { Outcome::KnownUnsent { wait, error: None } } else { Outcome::Unknown };
    };
    match error.class() {
        ErrorClass::TransientServer => Outcome::Unknown,
        class if class.is_temporary() => {
            Outcome::KnownUnsent { wait: wait.or(class.wait()), error: Some(error.as_meta_error()) }
        }
        _ => Outcome::Rejected(error.as_meta_error()),
    }
}

/// The accepted message, if the answer has its id.
pub(super) fn accepted(bytes: &[u8]) -> Option<Accepted> {
    let response: SendResponse = serde_json::from_slice(bytes).ok()?;
    let message = response.messages.into_iter().next().filter(|message| !message.id.is_empty())?;
    let contact_text =
        |key: &str| response.contacts.get(0).and_then(|contact| contact.get(key)).and_then(text);
    Some(Accepted {
        wamid: Wamid(message.id),
        input: contact_text("input"),
        wa_id: contact_text("wa_id"),
        user_id: contact_text("user_id"),
        message_status: text(&message.message_status),
        group_id: text(&message.group_id),
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(|text| foreign::text(text).into_owned())
}

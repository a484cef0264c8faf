//! One status of one message. Only its id and its kind must be right; everything else is read as far as it goes.

use domain::message::Evidence;
use domain::update::{MetaError, StatusUpdate};
use domain::{AttemptId, PhoneNumberId, Wamid};
use jiff::Timestamp;
use serde_json::Value;

use super::{id, shown};
use crate::error::{details, integer, without_numbers, words};

/// Reads a status of the number `number`, or says why it cannot be read.
pub(super) fn read(status: &Value, number: Option<&str>) -> Result<StatusUpdate, String> {
    let number = number.ok_or("a status without a phone number id")?;
    let wamid = status.get("id").and_then(id).ok_or("a status without an id")?;
    let word = status.get("status").and_then(Value::as_str).ok_or("a status without a kind")?;
    let evidence =
        kind(word).ok_or_else(|| format!("a status of an unknown kind: {}", shown(&Value::from(word))))?;
    let opaque = status.get("biz_opaque_callback_data").and_then(Value::as_str);
    let errors = status.get("errors").filter(|_| evidence == Evidence::Failed).and_then(Value::as_array);
    Ok(StatusUpdate {
        phone_number_id: PhoneNumberId(number.to_owned()),
        wamid: Wamid(wamid),
        status: evidence,
        occurred_at: status.get("timestamp").and_then(instant),
        attempt_id: opaque.and_then(|text| text.parse().ok()).map(AttemptId),
        error: errors.into_iter().flatten().find_map(error),
    })
}

fn kind(word: &str) -> Option<Evidence> {
    // A voice message that was played was opened.
    if word == "played" { Some(Evidence::Read) } else { Evidence::from_word(word) }
}

/// `{code, title, message, error_data: {details}}`; title and message say the same, mostly.
fn error(error: &Value) -> Option<MetaError> {
    let code = error.get("code").and_then(integer)?;
    let text = |key: &str| error.get(key).and_then(Value::as_str);
    let details = error.get("error_data").and_then(details);
    let parts = [text("title"), text("message"), details.as_deref()];
    let text = words(parts.into_iter().flatten());
    Some(MetaError { code: i32::try_from(code).ok()?, text: without_numbers(&text) })
}

/// Seconds since 1970, as text or as a number. What is no time a message can have is none.
fn instant(timestamp: &Value) -> Option<Timestamp> {
    let seconds = integer(timestamp)?;
    Timestamp::from_second(seconds).ok().filter(|at| *at > Timestamp::UNIX_EPOCH)
}

//! What Meta sends us: one POST with many entries, of many tenants, about many things.
//!
//! Statuses of messages become [`Update::Status`]; everything else is kept whole as [`Update::Kept`], with its field or
//! with what is wrong with it. Nothing that Meta may add makes a webhook unreadable.

use domain::message::Evidence;
use domain::update::{KeptUpdate, MetaError, StatusUpdate, Update};
use domain::{AttemptId, PhoneNumberId, Wamid};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::error::ErrorData;

/// The bytes are no webhook of Meta's.
#[derive(Debug, Error)]
pub enum NotAWebhook {
    /// No JSON.
    #[error("the body is no JSON")]
    NoJson(#[source] serde_json::Error),
    /// No `entry` list.
    #[error("the body has no list of entries")]
    NoEntries,
}

/// Reads a webhook's body. Call it only after its signature was checked.
pub fn parse(body: &[u8]) -> Result<Vec<Update>, NotAWebhook> {
    let mut root: Value = serde_json::from_slice(body).map_err(NotAWebhook::NoJson)?;
    let Some(Value::Array(entries)) = root.get_mut("entry").map(Value::take) else {
        return Err(NotAWebhook::NoEntries);
    };
    let mut updates = Vec::new();
    for mut entry in entries {
        match entry.get_mut("changes").map(Value::take) {
            Some(Value::Array(changes)) => {
                for change in changes {
                    read_change(change, &mut updates);
                }
            }
            _ => updates.push(kept("an entry without changes", entry)),
        }
    }
    Ok(updates)
}

fn kept(reason: impl Into<String>, raw: Value) -> Update {
    Update::Kept(KeptUpdate { reason: reason.into(), raw })
}

/// One change: the statuses in it one by one, and whatever is left of it.
fn read_change(mut change: Value, updates: &mut Vec<Update>) {
    let field = change.get("field").and_then(Value::as_str).unwrap_or("no field").to_owned();
    let number = change.pointer("/value/metadata/phone_number_id").and_then(id_text).map(PhoneNumberId);
    let statuses =
        change.get_mut("value").and_then(Value::as_object_mut).and_then(|value| value.remove("statuses"));
    let has_statuses = statuses.is_some();
    if let Some(statuses) = statuses {
        read_statuses(statuses, number.as_ref(), updates);
    }
    let rest = change.get("value").and_then(Value::as_object);
    let speaks_of_more = rest.is_none_or(|value| value.keys().any(|key| !is_frame(key)));
    if speaks_of_more || !has_statuses {
        updates.push(kept(field, change));
    }
}

/// Members that frame what a change says and say nothing themselves.
fn is_frame(key: &str) -> bool {
    matches!(key, "messaging_product" | "metadata" | "contacts")
}

fn read_statuses(statuses: Value, number: Option<&PhoneNumberId>, updates: &mut Vec<Update>) {
    let Value::Array(statuses) = statuses else {
        updates.push(kept("statuses that are no list", statuses));
        return;
    };
    for status in statuses {
        updates.push(match number {
            Some(number) => read_status(status, number),
            None => kept("a status without a phone number id", status),
        });
    }
}

#[derive(Deserialize)]
struct RawStatus {
    id: String,
    status: String,
    timestamp: Option<Value>,
    biz_opaque_callback_data: Option<Value>,
    #[serde(default)]
    errors: Vec<RawError>,
}

#[derive(Deserialize)]
struct RawError {
    code: i32,
    title: Option<String>,
    message: Option<String>,
    error_data: Option<ErrorData>,
}

fn read_status(raw: Value, number: &PhoneNumberId) -> Update {
    let status = match RawStatus::deserialize(&raw) {
        Ok(status) => status,
        Err(error) => return kept(format!("a status that cannot be read: {error}"), raw),
    };
    // A played voice message was opened.
    let word = if status.status == "played" { "read" } else { status.status.as_str() };
    let Some(evidence) = Evidence::from_word(word) else {
        return kept(format!("a status of an unknown kind: {}", status.status), raw);
    };
    let attempt_id =
        status.biz_opaque_callback_data.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok());
    Update::Status(StatusUpdate {
        phone_number_id: number.clone(),
        wamid: Wamid(status.id),
        status: evidence,
        occurred_at: status.timestamp.as_ref().and_then(instant),
        attempt_id: attempt_id.map(AttemptId),
        error: status.errors.into_iter().next().map(meta_error),
    })
}

fn meta_error(raw: RawError) -> MetaError {
    let title = raw.title.or(raw.message).unwrap_or_default();
    let text = match raw.error_data.and_then(ErrorData::details) {
        Some(details) if details != title && !title.is_empty() => format!("{title}: {details}"),
        Some(details) => details,
        None => title,
    };
    MetaError { code: raw.code, text }
}

/// Meta writes ids as text, and sometimes as numbers.
fn id_text(id: &Value) -> Option<String> {
    match id {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Seconds since 1970, as text or as a number. What is no time a message can have is none.
fn instant(timestamp: &Value) -> Option<Timestamp> {
    let seconds = match timestamp {
        Value::String(text) => text.parse::<i64>().ok()?,
        Value::Number(number) => number.as_i64()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Timestamp::from_second(seconds).ok().filter(|at| *at > Timestamp::UNIX_EPOCH)
}

/// Not Meta, or not for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HandshakeRefused {
    /// `hub.mode` is not `subscribe`.
    #[error("hub.mode must be subscribe")]
    Mode,
    /// `hub.verify_token` is not ours.
    #[error("hub.verify_token is wrong")]
    Token,
    /// No `hub.challenge`.
    #[error("hub.challenge is missing")]
    Challenge,
}

/// Answers Meta's question whether we expect its webhooks: the challenge, exactly (Meta: webhooks, verification).
pub fn handshake(
    mode: Option<&str>,
    token: Option<&str>,
    challenge: Option<&str>,
    expected: &str,
) -> Result<String, HandshakeRefused> {
    if mode != Some("subscribe") {
        return Err(HandshakeRefused::Mode);
    }
    let is_ours = token.is_some_and(|token| token.as_bytes().ct_eq(expected.as_bytes()).into());
    if !is_ours || expected.is_empty() {
        return Err(HandshakeRefused::Token);
    }
    challenge.map(str::to_owned).ok_or(HandshakeRefused::Challenge)
}

#[cfg(test)]
mod tests;

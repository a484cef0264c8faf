//! What Meta sends us: one POST with many entries, of many tenants, about many things.
//!
//! Statuses of messages become [`Update::Status`]; everything else is kept as [`Update::Kept`], with its field or with
//! what is wrong with it. What is kept is again a webhook's body with that one thing in it, so that a later version can
//! read it with [`parse`]. Nothing that Meta may add makes a webhook unreadable.

mod handshake;
mod status;

use domain::update::{KeptUpdate, Update};
pub use handshake::{HandshakeRefused, handshake};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// What Meta's webhooks for WhatsApp say they are about.
const OBJECT: &str = "whatsapp_business_account";
/// The field that statuses of messages come in.
const MESSAGES: &str = "messages";

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

/// Reads a webhook's body, in Meta's order. Call it only after its signature was checked (I20).
pub fn parse(body: &[u8]) -> Result<Vec<Update>, NotAWebhook> {
    let mut root: Value = serde_json::from_slice(body).map_err(NotAWebhook::NoJson)?;
    if !root.get("entry").is_some_and(Value::is_array) {
        return Err(NotAWebhook::NoEntries);
    }
    // Absent is let pass: some of Meta's own examples have it in the wrong place.
    if let Some(object) = root.get("object").filter(|object| *object != OBJECT) {
        let reason = format!("not about WhatsApp: {}", shown(object));
        return Ok(vec![Update::Kept(KeptUpdate { reason, raw: root })]);
    }
    let Some(Value::Array(entries)) = root.get_mut("entry").map(Value::take) else { return Ok(Vec::new()) };
    let mut updates = Vec::new();
    for entry in entries {
        read_entry(entry, &mut updates);
    }
    Ok(updates)
}

fn read_entry(entry: Value, updates: &mut Vec<Update>) {
    let mut members = match entry {
        Value::Object(members) if members.get("changes").is_some_and(Value::is_array) => members,
        other => {
            let raw = json!({ "object": OBJECT, "entry": [other] });
            updates.push(Update::Kept(KeptUpdate { reason: "an entry without changes".to_owned(), raw }));
            return;
        }
    };
    let Some(Value::Array(changes)) = members.remove("changes") else { return };
    let place = Place { entry: members };
    for change in changes {
        read_change(change, &place, updates);
    }
}

/// Where a change stood: the entry's own id and time.
struct Place {
    entry: Map<String, Value>,
}

impl Place {
    /// A change kept as the webhook that it would have been alone.
    fn keep(&self, reason: impl Into<String>, change: Value) -> Update {
        let mut entry = self.entry.clone();
        entry.insert("changes".to_owned(), Value::Array(vec![change]));
        Update::Kept(KeptUpdate { reason: reason.into(), raw: json!({ "object": OBJECT, "entry": [entry] }) })
    }
}

/// One change: the statuses in it one by one, and whatever is left of it.
fn read_change(mut change: Value, place: &Place, updates: &mut Vec<Update>) {
    let Some(field) = change.get("field").and_then(Value::as_str).map(str::to_owned) else {
        updates.push(place.keep("a change without a field", change));
        return;
    };
    let statuses = match change.get_mut("value").and_then(Value::as_object_mut) {
        Some(value) if field == MESSAGES => value.remove("statuses"),
        _ => None,
    };
    let Some(statuses) = statuses else {
        updates.push(place.keep(field, change));
        return;
    };
    let value = change.get("value").and_then(Value::as_object);
    let frame: Map<String, Value> =
        value.into_iter().flatten().filter(|(key, _)| is_frame(key)).map(cloned).collect();
    read_statuses(statuses, &frame, place, updates);
    let speaks_of_more =
        value.is_some_and(|value| value.keys().any(|key| !is_frame(key) && key != "contacts"));
    if speaks_of_more {
        updates.push(place.keep(field, change));
    }
}

fn cloned((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// Members that say of which number a change speaks, and nothing else.
fn is_frame(key: &str) -> bool {
    matches!(key, "messaging_product" | "metadata")
}

fn read_statuses(statuses: Value, frame: &Map<String, Value>, place: &Place, updates: &mut Vec<Update>) {
    let keep = |reason: String, statuses: Value| {
        let mut value = frame.clone();
        value.insert("statuses".to_owned(), statuses);
        place.keep(reason, json!({ "field": MESSAGES, "value": value }))
    };
    let Value::Array(statuses) = statuses else {
        updates.push(keep("statuses that are no list".to_owned(), statuses));
        return;
    };
    let number = frame.get("metadata").and_then(|metadata| metadata.get("phone_number_id")).and_then(id);
    for raw in statuses {
        updates.push(match status::read(&raw, number.as_deref()) {
            Ok(status) => Update::Status(status),
            Err(reason) => keep(reason, Value::Array(vec![raw])),
        });
    }
}

/// Meta writes ids as text, and sometimes as numbers.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The start of a foreign value, for a reason.
fn shown(value: &Value) -> String {
    const CHARS_MAX: usize = 40;
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;

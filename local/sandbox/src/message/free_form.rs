//! Free-form messages: the members that each type requires. A missing member is refused with 131008, an invalid value
//! with 131009, and an unknown type with 131051.

use serde_json::Value;

use super::attachment::{check_location, check_media};
use super::interactive;
use crate::graph_error::GraphError;
use crate::json::text;

/// Characters of a text message (Meta: text messages).
const TEXT_CHARS_MAX: usize = 4_096;

/// Checks the member named like the type, which has the content.
pub(super) fn check(body: &Value, kind: &str) -> Result<(), GraphError> {
    match kind {
        "text" => check_text(body),
        "image" | "video" | "document" | "audio" | "sticker" => check_media(part(body, kind)?, kind),
        "reaction" => check_reaction(part(body, kind)?),
        "location" => check_location(part(body, kind)?),
        "contacts" => check_contacts(part(body, kind)?),
        "interactive" => interactive::check(part(body, kind)?),
        other => {
            let details = format!("Message type \"{other}\" is not supported.");
            Err(GraphError::new(400, 131_051).with_details(details))
        }
    }
}

fn part<'a>(body: &'a Value, kind: &str) -> Result<&'a Value, GraphError> {
    let part = body.get(kind).filter(|part| !part.is_null());
    part.ok_or_else(|| GraphError::missing(format!("{kind}: the parameter {kind} is required.")))
}

fn check_text(body: &Value) -> Result<(), GraphError> {
    let line = body.get("text").map_or("", |inner| text(inner, "body"));
    match line.chars().count() {
        0 => Err(GraphError::parameter("The parameter text['body'] is required.")),
        1..=TEXT_CHARS_MAX => Ok(()),
        _ => Err(GraphError::parameter("Param text['body'] must be at most 4096 characters long.")),
    }
}

/// An empty `emoji` removes the reaction.
fn check_reaction(reaction: &Value) -> Result<(), GraphError> {
    if text(reaction, "message_id").is_empty() {
        return Err(GraphError::missing("reaction: message_id is required."));
    }
    match reaction.get("emoji") {
        Some(Value::String(_)) => Ok(()),
        None | Some(Value::Null) => Err(GraphError::missing("reaction: emoji is required.")),
        Some(_) => Err(GraphError::invalid("reaction: emoji must be a string.")),
    }
}

fn check_contacts(contacts: &Value) -> Result<(), GraphError> {
    let contacts = contacts.as_array().ok_or_else(|| GraphError::invalid("contacts must be an array."))?;
    if contacts.is_empty() {
        return Err(GraphError::missing("contacts: at least one contact is required."));
    }
    for contact in contacts {
        if contact.get("name").is_none_or(|name| text(name, "formatted_name").is_empty()) {
            return Err(GraphError::missing("contacts: name.formatted_name is required."));
        }
    }
    Ok(())
}

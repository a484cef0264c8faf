//! Free-form messages: what each type must bring. Required members that are missing are 131008, values that cannot
//! be are 131009, and a type that Meta does not know is 131051.

use serde_json::Value;

use super::interactive;
use crate::graph_error::GraphError;
use crate::json::text;

/// Characters of a text message (Meta: text messages).
const TEXT_CHARS_MAX: usize = 4_096;
/// Characters of a caption (Meta: media messages).
const CAPTION_CHARS_MAX: usize = 1_024;

/// Checks the member that carries the content of a type.
pub(super) fn check(body: &Value, kind: &str) -> Result<(), GraphError> {
    match kind {
        "text" => check_text(body),
        "image" | "video" | "document" | "audio" | "sticker" => check_media(part(body, kind)?, kind),
        "reaction" => check_reaction(part(body, kind)?),
        "location" => check_location(part(body, kind)?),
        "contacts" => check_contacts(part(body, kind)?),
        "interactive" => interactive::check(part(body, kind)?),
        other => {
            let words = format!("Message type \"{other}\" is not supported.");
            Err(GraphError::of(400, 131_051).details(words))
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

/// A medium by exactly one of `id` and `link`.
pub(super) fn check_media(media: &Value, kind: &str) -> Result<(), GraphError> {
    let (id, link) = (text(media, "id"), text(media, "link"));
    match (id, link) {
        ("", "") => return Err(GraphError::missing(format!("{kind}: either id or link is required."))),
        (id, "") if id.bytes().all(|digit| digit.is_ascii_digit()) => {}
        ("", link) if link.starts_with("https://") || link.starts_with("http://") => {}
        _ => return Err(GraphError::invalid(format!("{kind}: id or link is not a media attachment."))),
    }
    let caption = text(media, "caption");
    if !caption.is_empty() && matches!(kind, "audio" | "sticker") {
        return Err(GraphError::invalid(format!("{kind}: caption is not allowed.")));
    }
    if caption.chars().count() > CAPTION_CHARS_MAX {
        return Err(GraphError::invalid(format!("{kind}: caption is longer than 1024 characters.")));
    }
    Ok(())
}

/// `emoji` may be an empty text, which takes the reaction back.
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

/// Meta's own examples write the degrees as numbers and as texts.
pub(super) fn check_location(location: &Value) -> Result<(), GraphError> {
    for (key, most) in [("latitude", 90.0), ("longitude", 180.0)] {
        let degrees = match location.get(key) {
            None | Some(Value::Null) => {
                return Err(GraphError::missing(format!("location: {key} is required.")));
            }
            Some(Value::String(degrees)) => degrees.parse::<f64>().ok(),
            Some(degrees) => degrees.as_f64(),
        };
        if degrees.is_none_or(|degrees| !(-most..=most).contains(&degrees)) {
            return Err(GraphError::invalid(format!("location: {key} is not valid.")));
        }
    }
    Ok(())
}

fn check_contacts(contacts: &Value) -> Result<(), GraphError> {
    let contacts = contacts.as_array().ok_or_else(|| GraphError::invalid("contacts must be an array."))?;
    if contacts.is_empty() {
        return Err(GraphError::missing("contacts: one contact at least is required."));
    }
    for contact in contacts {
        if contact.get("name").is_none_or(|name| text(name, "formatted_name").is_empty()) {
            return Err(GraphError::missing("contacts: name.formatted_name is required."));
        }
    }
    Ok(())
}

//! Media and locations, which occur in free-form messages, in interactive messages and in template headers.

use serde_json::Value;

use crate::graph_error::GraphError;
use crate::json::text;

/// Characters of a caption (Meta: media messages).
const CAPTION_CHARS_MAX: usize = 1_024;

/// A medium is named by either `id` or `link`.
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

/// Meta's examples write the degrees as numbers and as texts.
pub(super) fn check_location(location: &Value) -> Result<(), GraphError> {
    for (key, max) in [("latitude", 90.0), ("longitude", 180.0)] {
        let degrees = match location.get(key) {
            None | Some(Value::Null) => {
                return Err(GraphError::missing(format!("location: {key} is required.")));
            }
            Some(Value::String(degrees)) => degrees.parse::<f64>().ok(),
            Some(degrees) => degrees.as_f64(),
        };
        if degrees.is_none_or(|degrees| !(-max..=max).contains(&degrees)) {
            return Err(GraphError::invalid(format!("location: {key} is not valid.")));
        }
    }
    Ok(())
}

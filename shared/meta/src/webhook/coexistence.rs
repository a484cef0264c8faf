//! Businesses that also use the WhatsApp Business app: what they write there, and their chat history.

use serde::Serialize;
use serde_json::Value;

use super::json::{JsonAccess, UnixTime};

/// `smb_message_echoes`: a message that the business wrote in its app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Echo {
    pub wamid: String,
    /// Meta's word for the message's type.
    pub r#type: Option<String>,
    /// The recipient's phone number.
    pub to: Option<String>,
    /// The recipient's business-scoped id.
    pub to_user_id: Option<String>,
    pub timestamp: Option<UnixTime>,
    pub text: Option<String>,
    /// The earlier message that this one edits or deletes.
    pub original_wamid: Option<String>,
}

pub(super) fn echo(value: &Value) -> Result<Echo, &'static str> {
    let r#type = value.text("type");
    let inner = r#type.as_deref().map_or(&Value::Null, |kind| value.at(kind));
    Ok(Echo {
        wamid: value.id("id").ok_or("an echo without an id")?,
        to: value.id("to"),
        to_user_id: value.id("to_user_id"),
        timestamp: value.time("timestamp"),
        text: value.at("text").text("body"),
        original_wamid: inner.id("original_message_id"),
        r#type,
    })
}

/// `history`: a chunk of the chat history. The messages stay in Meta's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryChunk {
    /// How far back: 0 is today, 1 is 90 days, 2 is the rest.
    pub phase: Option<i64>,
    /// The chunk's position; chunks arrive in any order.
    pub chunk_order: Option<i64>,
    /// In percent.
    pub progress: Option<i64>,
    /// Number of conversations.
    pub threads: usize,
    /// Number of messages.
    pub messages: usize,
}

pub(super) fn chunk(value: &Value) -> Result<HistoryChunk, &'static str> {
    if !value.is_object() {
        return Err("a chunk of history that is not an object");
    }
    let metadata = value.at("metadata");
    let threads = value.list("threads");
    Ok(HistoryChunk {
        phase: metadata.integer("phase"),
        chunk_order: metadata.integer("chunk_order"),
        progress: metadata.integer("progress"),
        threads: threads.len(),
        messages: threads.iter().map(|thread| thread.list("messages").len()).sum(),
    })
}

/// `history`: media of a message whose chunk came without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryMedia {
    pub wamid: String,
    pub r#type: Option<String>,
    pub from: Option<String>,
    pub timestamp: Option<UnixTime>,
    #[serde(flatten)]
    pub file: File,
}

/// `history`: media of a message that the business sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEcho {
    pub wamid: String,
    pub r#type: Option<String>,
    /// The recipient's phone number.
    pub to: Option<String>,
    /// The recipient's business-scoped id.
    pub to_user_id: Option<String>,
    pub timestamp: Option<UnixTime>,
    #[serde(flatten)]
    pub file: File,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct File {
    pub media_id: Option<String>,
    /// Such as `image/jpeg`.
    pub mime_type: Option<String>,
    pub caption: Option<String>,
}

fn file(value: &Value) -> File {
    let kind = value.text("type").unwrap_or_default();
    let inner = value.at(&kind);
    File { media_id: inner.id("id"), mime_type: inner.text("mime_type"), caption: inner.text("caption") }
}

pub(super) fn media(value: &Value) -> Result<HistoryMedia, &'static str> {
    Ok(HistoryMedia {
        wamid: value.id("id").ok_or("a message without an id")?,
        r#type: value.text("type"),
        from: value.id("from"),
        timestamp: value.time("timestamp"),
        file: file(value),
    })
}

pub(super) fn media_echo(value: &Value) -> Result<HistoryEcho, &'static str> {
    Ok(HistoryEcho {
        wamid: value.id("id").ok_or("an echo without an id")?,
        r#type: value.text("type"),
        to: value.id("to"),
        to_user_id: value.id("to_user_id"),
        timestamp: value.time("timestamp"),
        file: file(value),
    })
}

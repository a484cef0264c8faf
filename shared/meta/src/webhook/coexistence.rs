//! The business writes in its own WhatsApp app as well: what it writes there, and what it wrote before.

use serde::Serialize;
use serde_json::Value;

use super::json::{JsonAccess, UnixTime};

/// `smb_message_echoes`: what the business wrote in its app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Echo {
    /// Meta's id of it.
    pub wamid: String,
    /// Meta's word for its type.
    pub r#type: Option<String>,
    /// To which phone number.
    pub to: Option<String>,
    /// To whose business-scoped id.
    pub to_user_id: Option<String>,
    /// When.
    pub timestamp: Option<UnixTime>,
    /// The text, if it is text.
    pub text: Option<String>,
    /// The earlier message, if it edits one or takes it back.
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

/// `history`: a piece of it. The messages stay in Meta's JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryChunk {
    /// How far back: 0 is today, 1 is 90 days, 2 is the rest.
    pub phase: Option<i64>,
    /// Its place among the others; they come in any order.
    pub chunk_order: Option<i64>,
    /// Percent.
    pub progress: Option<i64>,
    /// How many conversations are in it.
    pub threads: usize,
    /// How many messages are in them.
    pub messages: usize,
}

pub(super) fn chunk(value: &Value) -> Result<HistoryChunk, &'static str> {
    if !value.is_object() {
        return Err("a piece of history that is none");
    }
    let about = value.at("metadata");
    let threads = value.list("threads");
    Ok(HistoryChunk {
        phase: about.integer("phase"),
        chunk_order: about.integer("chunk_order"),
        progress: about.integer("progress"),
        threads: threads.len(),
        messages: threads.iter().map(|thread| thread.list("messages").len()).sum(),
    })
}

/// `history`: the media of a message that came without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryMedia {
    /// Meta's id of the message.
    pub wamid: String,
    /// Its type.
    pub r#type: Option<String>,
    /// Who sent it.
    pub from: Option<String>,
    /// When.
    pub timestamp: Option<UnixTime>,
    /// The file.
    #[serde(flatten)]
    pub file: File,
}

/// `history`: the media of a message that the business sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEcho {
    /// Meta's id of the message.
    pub wamid: String,
    /// Its type.
    pub r#type: Option<String>,
    /// To which phone number.
    pub to: Option<String>,
    /// To whose business-scoped id.
    pub to_user_id: Option<String>,
    /// When.
    pub timestamp: Option<UnixTime>,
    /// The file.
    #[serde(flatten)]
    pub file: File,
}

/// A file at Meta.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct File {
    /// Meta's id of it.
    pub media_id: Option<String>,
    /// Such as `image/jpeg`.
    pub mime_type: Option<String>,
    /// What is written below it.
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

//! What may be said freely within 24 hours of a person's last message: words, places, reactions.

use domain::Wamid;
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::present;

/// Words, at most 4,096 characters (Meta: text messages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The words; an address in them must begin with `http`.
    pub body: String,
    /// Whether the first address is shown with a picture; Meta shows none unless told.
    pub preview_url: Option<bool>,
}

/// A place (Meta: location messages); in the header of a template as well.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An emoji at a message that is at most 30 days old (Meta: reaction messages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The message, one of theirs.
    pub message_id: Wamid,
    /// One emoji; [`None`] takes an earlier one away.
    pub emoji: Option<String>,
}

impl Text {
    pub(super) fn json(&self) -> Value {
        present(json!({ "body": self.body, "preview_url": self.preview_url }))
    }
}

impl Reaction {
    /// Meta takes an empty emoji for none.
    pub(super) fn json(&self) -> Value {
        json!({ "message_id": self.message_id.0, "emoji": self.emoji.as_deref().unwrap_or_default() })
    }
}

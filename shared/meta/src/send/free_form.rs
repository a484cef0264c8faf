//! Free-form messages, which need the 24-hour window: text, locations, reactions.

use domain::Wamid;
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::present;

/// Text, at most 4,096 characters (Meta: text messages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// A link in it must begin with `http`.
    pub body: String,
    /// Whether the first link gets a preview. Meta's default is no.
    pub preview_url: Option<bool>,
}

/// A location (Meta: location messages), also in a template's header.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// An emoji on a message that is at most 30 days old (Meta: reaction messages).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// One of the recipient's messages.
    pub message_id: Wamid,
    /// One emoji; [`None`] removes an earlier one.
    pub emoji: Option<String>,
}

impl Text {
    pub(super) fn json(&self) -> Value {
        present(json!({ "body": self.body, "preview_url": self.preview_url }))
    }
}

impl Reaction {
    /// An empty emoji removes the reaction.
    pub(super) fn json(&self) -> Value {
        json!({ "message_id": self.message_id.0, "emoji": self.emoji.as_deref().unwrap_or_default() })
    }
}

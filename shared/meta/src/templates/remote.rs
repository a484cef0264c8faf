//! Templates as Meta tells of them. Meta tells what it is asked for and adds words without notice: nearly everything may
//! be missing, and words are kept as they come.

use serde::Deserialize;
use serde_json::Value;

use super::category::TemplateCategory;
use super::variable::variables;
use crate::wire::{Id, lenient};

/// A template at Meta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTemplate {
    /// Meta's id of it.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// Its language.
    pub language: Option<String>,
    /// Meta's word, such as `APPROVED`.
    pub status: Option<String>,
    /// What it is for.
    pub category: Option<TemplateCategory>,
    /// More of that, such as `CUSTOM`.
    pub sub_category: Option<String>,
    /// What it was for before Meta moved it.
    pub previous_category: Option<TemplateCategory>,
    /// What Meta thinks it is for.
    pub correct_category: Option<TemplateCategory>,
    /// `POSITIONAL` or `NAMED`.
    pub parameter_format: Option<String>,
    /// What it is made of.
    pub components: Vec<RemoteComponent>,
    /// Why Meta refused it; `NONE` when it did not.
    pub rejected_reason: Option<String>,
    /// How recipients take it.
    pub quality: Option<TemplateQuality>,
    /// How long Meta tries to deliver its messages, in seconds.
    pub message_send_ttl_seconds: Option<i64>,
}

/// How recipients take a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateQuality {
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub score: String,
    /// Since when, in seconds since 1970.
    pub since: Option<i64>,
}

/// A part of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteComponent {
    /// Meta's word in capitals, such as `BODY`.
    pub kind: String,
    /// Of a header: Meta's word in capitals, such as `IMAGE`.
    pub format: Option<String>,
    /// Its text.
    pub text: Option<String>,
    /// Its buttons.
    pub buttons: Vec<RemoteButton>,
    /// Its cards, each with its own parts.
    pub cards: Vec<Vec<RemoteComponent>>,
}

/// A button of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteButton {
    /// Meta's word in capitals, such as `URL`.
    pub kind: String,
    /// Its label.
    pub text: Option<String>,
    /// The address that it leads to.
    pub url: Option<String>,
    /// The number that it calls.
    pub phone_number: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct TemplateResponse {
    id: Id,
    name: Option<String>,
    language: Option<String>,
    status: Option<String>,
    category: Option<String>,
    sub_category: Option<String>,
    previous_category: Option<String>,
    correct_category: Option<String>,
    parameter_format: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    components: Option<Vec<Value>>,
    rejected_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    quality_score: Option<QualityResponse>,
    #[serde(default, deserialize_with = "lenient")]
    message_send_ttl_seconds: Option<i64>,
}

#[derive(Deserialize)]
struct QualityResponse {
    score: Option<String>,
    date: Option<i64>,
}

impl TemplateResponse {
    pub(super) fn read(self) -> RemoteTemplate {
        let category = |word: Option<String>| word.as_deref().map(TemplateCategory::read);
        let quality = self
            .quality_score
            .and_then(|quality| Some(TemplateQuality { score: quality.score?, since: quality.date }));
        RemoteTemplate {
            id: self.id.into(),
            name: self.name,
            language: self.language,
            status: self.status,
            category: category(self.category),
            sub_category: self.sub_category,
            previous_category: category(self.previous_category),
            correct_category: category(self.correct_category),
            parameter_format: self.parameter_format,
            components: self.components.iter().flatten().map(component).collect(),
            rejected_reason: self.rejected_reason,
            quality,
            message_send_ttl_seconds: self.message_send_ttl_seconds,
        }
    }
}

fn text(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// Meta writes these words in either case.
fn word(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(|word| word.to_ascii_uppercase())
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn component(value: &Value) -> RemoteComponent {
    RemoteComponent {
        kind: word(value, "type").unwrap_or_default(),
        format: word(value, "format"),
        text: text(value, "text"),
        buttons: list(value, "buttons").map(button).collect(),
        // A card holds no cards: this goes one step down and no further.
        cards: list(value, "cards")
            .map(|card| list(card, "components").map(part_of_card).collect())
            .collect(),
    }
}

fn part_of_card(value: &Value) -> RemoteComponent {
    RemoteComponent {
        kind: word(value, "type").unwrap_or_default(),
        format: word(value, "format"),
        text: text(value, "text"),
        buttons: list(value, "buttons").map(button).collect(),
        cards: Vec::new(),
    }
}

fn button(value: &Value) -> RemoteButton {
    RemoteButton {
        kind: word(value, "type").unwrap_or_default(),
        text: text(value, "text"),
        url: text(value, "url"),
        phone_number: text(value, "phone_number"),
    }
}

impl RemoteTemplate {
    /// The part of a kind, such as `BODY`.
    pub fn component(&self, kind: &str) -> Option<&RemoteComponent> {
        self.components.iter().find(|component| component.kind == kind)
    }

    /// The text of its body, where it has one.
    pub fn body(&self) -> Option<&str> {
        self.component("BODY").and_then(|body| body.text.as_deref())
    }
}

impl RemoteComponent {
    /// The names of its text's places, such as `1` or `first_name`.
    pub fn variables(&self) -> Vec<&str> {
        self.text.as_deref().map(variables).unwrap_or_default()
    }
}

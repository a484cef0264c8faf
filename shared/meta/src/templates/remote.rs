//! Templates as Meta returns them. Meta returns only the requested fields and adds words without notice: nearly
//! everything is optional, and words are not interpreted.

use domain::Category;
use serde::Deserialize;
use serde_json::Value;

use super::category::TemplateCategory;
use super::variable::variables;
use crate::wire::{Id, lenient};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTemplate {
    pub id: String,
    pub name: Option<String>,
    pub language: Option<String>,
    /// Such as `APPROVED`.
    pub status: Option<String>,
    pub category: Option<TemplateCategory>,
    /// Such as `CUSTOM`.
    pub sub_category: Option<String>,
    /// The category before Meta changed it.
    pub previous_category: Option<TemplateCategory>,
    /// The category that Meta considers correct.
    pub correct_category: Option<TemplateCategory>,
    /// `POSITIONAL` or `NAMED`.
    pub parameter_format: Option<String>,
    pub components: Vec<RemoteComponent>,
    /// Meta's reason for a rejection; `NONE` otherwise.
    pub rejected_reason: Option<String>,
    pub quality: Option<TemplateQuality>,
    /// How long Meta tries to deliver its messages, in seconds.
    pub message_send_ttl_seconds: Option<i64>,
}

/// How recipients react to a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateQuality {
    /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`.
    pub score: String,
    /// Seconds since 1970.
    pub since: Option<i64>,
}

/// A component of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteComponent {
    /// In capitals, such as `BODY`.
    pub kind: String,
    /// For a header, in capitals, such as `IMAGE`.
    pub format: Option<String>,
    pub text: Option<String>,
    pub buttons: Vec<RemoteButton>,
    /// Each card with its own components.
    pub cards: Vec<Vec<RemoteComponent>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteButton {
    /// In capitals, such as `URL`.
    pub kind: String,
    pub text: Option<String>,
    pub url: Option<String>,
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
        // A card holds no cards, so this does not recurse further.
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
    /// The component of a kind, such as `BODY`.
    pub fn component(&self, kind: &str) -> Option<&RemoteComponent> {
        self.components.iter().find(|component| component.kind == kind)
    }

    /// The body's text.
    pub fn body(&self) -> Option<&str> {
        self.component("BODY").and_then(|body| body.text.as_deref())
    }
}

impl RemoteTemplate {
    /// Whether it is a body with these words and nothing else.
    pub fn is_body_alone(&self, words: &str) -> bool {
        let body = self.body().is_some_and(|body| normal(body) == normal(words));
        body && self.components.len() == 1
    }

    /// Whether it is a one-time password with a button to copy it: no header, and texts of Meta's.
    pub fn is_code(&self) -> bool {
        let is_authentication =
            self.category.as_ref().and_then(TemplateCategory::known) == Some(Category::Authentication);
        let buttons = self.component("BUTTONS").map_or(0, |component| component.buttons.len());
        is_authentication && self.component("HEADER").is_none() && self.body().is_some() && buttons == 1
    }

    /// Its words as a person would compare them: the texts of its components, and the kind of each that is not the body.
    pub fn words(&self) -> String {
        let shown = |component: &RemoteComponent| {
            let labels = component.buttons.iter().filter_map(|button| button.text.as_deref());
            let texts: Vec<&str> = component.text.as_deref().into_iter().chain(labels).collect();
            match component.kind.as_str() {
                "BODY" => texts.join(" "),
                kind => format!("[{kind}] {}", texts.join(", ")),
            }
        };
        self.components.iter().map(shown).collect::<Vec<_>>().join(" ")
    }
}

/// Meta may trim a text, and writes its line breaks in one way.
fn normal(text: &str) -> String {
    text.trim().replace("\r\n", "\n")
}

impl RemoteComponent {
    /// The names of the text's variables, such as `1` or `first_name`.
    pub fn variables(&self) -> Vec<&str> {
        self.text.as_deref().map(variables).unwrap_or_default()
    }
}

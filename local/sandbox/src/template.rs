//! Message templates as the sandbox keeps them, and what a send must bring to fill one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::record::{News, TemplateNews};

pub(crate) mod check;

/// The states of a template that the sandbox knows; only an approved one can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TemplateStatus {
    Approved,
    Pending,
    Rejected,
    Paused,
    Disabled,
}

impl TemplateStatus {
    /// Meta's word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Pending => "PENDING",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// One template in one language: Meta's key is (name, language) within a WABA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Template {
    pub(crate) id: String,
    /// Order of creation within the sandbox; the cursor of lists.
    pub(crate) serial: u64,
    pub(crate) waba_id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    /// Upper case.
    pub(crate) category: String,
    pub(crate) named: bool,
    /// As sent, with upper-case `type` and `format`.
    pub(crate) components: Vec<Value>,
    pub(crate) status: TemplateStatus,
    /// Why it has its status; `NONE` when there is nothing to say.
    pub(crate) reason: String,
}

/// What a send has to bring for one template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Variables of a text header.
    pub(crate) header: Vec<String>,
    /// `IMAGE`, `VIDEO`, `DOCUMENT`, `LOCATION` when the header is media.
    pub(crate) header_media: Option<String>,
    /// Variables of the body.
    pub(crate) body: Vec<String>,
    /// Places of the buttons that take a parameter, with the word Meta uses for them in errors.
    pub(crate) buttons: Vec<(u64, &'static str)>,
}

impl Template {
    /// The template as Graph shows it: every field, or those in `fields` and the id.
    pub(crate) fn view(&self, fields: Option<&str>) -> Value {
        let mut all = Map::new();
        all.insert("name".into(), json!(self.name));
        all.insert("parameter_format".into(), json!(if self.named { "NAMED" } else { "POSITIONAL" }));
        all.insert("components".into(), json!(self.components));
        all.insert("language".into(), json!(self.language));
        all.insert("status".into(), json!(self.status));
        all.insert("category".into(), json!(self.category));
        if let Some(fields) = fields {
            all.insert("rejected_reason".into(), json!(self.rejected_reason()));
            all.insert("quality_score".into(), json!({"score": "UNKNOWN"}));
            let asked: BTreeSet<&str> = fields.split(',').map(str::trim).collect();
            all.retain(|field, _value| asked.contains(field.as_str()));
        }
        all.insert("id".into(), json!(self.id));
        Value::Object(all)
    }

    fn rejected_reason(&self) -> &str {
        if self.status == TemplateStatus::Rejected { &self.reason } else { "NONE" }
    }

    /// What the webhook about its status tells.
    pub(crate) fn news(&self) -> News {
        News::Template(TemplateNews {
            waba_id: self.waba_id.clone(),
            template_id: self.id.clone(),
            name: self.name.clone(),
            language: self.language.clone(),
            category: self.category.clone(),
            status: self.status,
            reason: self.reason.clone(),
        })
    }

    /// The lower-case category of `pricing.category`.
    pub(crate) fn pricing_category(&self) -> String {
        self.category.to_ascii_lowercase()
    }

    /// Reads off the components what a send must fill.
    pub(crate) fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for component in &self.components {
            match text(component, "type") {
                "HEADER" if text(component, "format") == "TEXT" => {
                    needs.header = variables(text(component, "text"));
                }
                "HEADER" => needs.header_media = Some(text(component, "format").to_owned()),
                // The text of an authentication body is Meta's own: the code and nothing else.
                "BODY" if self.category == "AUTHENTICATION" => needs.body = vec!["1".to_owned()],
                "BODY" => needs.body = variables(text(component, "text")),
                "BUTTONS" => needs.buttons = button_needs(component),
                _ => {}
            }
        }
        needs
    }
}

fn button_needs(component: &Value) -> Vec<(u64, &'static str)> {
    let buttons = component.get("buttons").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let needed = |button: &Value| match text(button, "type") {
        "URL" if text(button, "url").contains("{{") => Some("Url"),
        "OTP" => Some("Url"),
        "COPY_CODE" => Some("CopyCode"),
        _ => None,
    };
    (0..).zip(buttons).filter_map(|(index, button)| Some((index, needed(button)?))).collect()
}

/// A string member, or nothing.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The distinct variables of a text in the order of their first use, without braces.
pub(crate) fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        let name = name.trim().to_owned();
        if !found.contains(&name) {
            found.push(name);
        }
        rest = after;
    }
    found
}

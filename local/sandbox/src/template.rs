//! Message templates as the sandbox keeps them, and what a send must bring to fill one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::account::Quality;
use crate::graph::fields;
use crate::record::{News, TemplateNews};

pub(crate) mod check;
mod needs;

pub(crate) use needs::{ButtonKind, ButtonNeed, Needs};

/// The states of a template; only an approved one can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TemplateStatus {
    Approved,
    Pending,
    Rejected,
    Paused,
    Disabled,
    InAppeal,
    LimitExceeded,
    Archived,
    PendingDeletion,
    Deleted,
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
            Self::InAppeal => "IN_APPEAL",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Archived => "ARCHIVED",
            Self::PendingDeletion => "PENDING_DELETION",
            Self::Deleted => "DELETED",
        }
    }

    /// Whether the name of such a template is not free for a while once it is deleted: people may have got messages
    /// from it.
    pub(crate) const fn locks_its_name(self) -> bool {
        match self {
            Self::Approved | Self::Paused | Self::Archived | Self::PendingDeletion => true,
            Self::Pending
            | Self::Rejected
            | Self::Disabled
            | Self::InAppeal
            | Self::LimitExceeded
            | Self::Deleted => false,
        }
    }

    /// Whether such a template can be edited (Meta: template management).
    pub(crate) const fn is_editable(self) -> bool {
        match self {
            Self::Approved | Self::Rejected | Self::Paused => true,
            Self::Pending
            | Self::Disabled
            | Self::InAppeal
            | Self::LimitExceeded
            | Self::Archived
            | Self::PendingDeletion
            | Self::Deleted => false,
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
    /// `quality_score.score`, once people have judged it.
    #[serde(default)]
    pub(crate) quality: Option<Quality>,
    #[serde(default)]
    pub(crate) previous_category: Option<String>,
    /// What Meta will move it to.
    #[serde(default)]
    pub(crate) correct_category: Option<String>,
    #[serde(default)]
    pub(crate) message_send_ttl_seconds: Option<i64>,
    #[serde(default)]
    pub(crate) updated_ms: u64,
    /// When it was edited while approved.
    #[serde(default)]
    pub(crate) edits_ms: Vec<u64>,
}

/// What becomes of a template that is created or edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Review {
    pub(crate) status: TemplateStatus,
    #[serde(default = "Review::no_reason")]
    pub(crate) reason: String,
}

impl Review {
    fn no_reason() -> String {
        "NONE".to_owned()
    }
}

impl Default for Review {
    fn default() -> Self {
        Self { status: TemplateStatus::Approved, reason: Self::no_reason() }
    }
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
        if let Some(previous) = &self.previous_category {
            all.insert("previous_category".into(), json!(previous));
        }
        if let Some(correct) = &self.correct_category {
            all.insert("correct_category".into(), json!(correct));
        }
        if let Some(ttl) = self.message_send_ttl_seconds {
            all.insert("message_send_ttl_seconds".into(), json!(ttl));
        }
        if let Some(asked) = fields {
            all.insert("rejected_reason".into(), json!(self.rejected_reason()));
            all.insert("quality_score".into(), self.quality_score());
            all.insert("last_updated_time".into(), json!(self.updated_ms / 1_000));
            all.insert("health_status".into(), self.health_status());
            all.retain(|field, _value| fields::asked(Some(asked), field));
        }
        all.insert("id".into(), json!(self.id));
        Value::Object(all)
    }

    fn rejected_reason(&self) -> &str {
        if self.status == TemplateStatus::Rejected { &self.reason } else { "NONE" }
    }

    fn quality_score(&self) -> Value {
        match self.quality {
            None => json!({ "score": "UNKNOWN" }),
            Some(score) => json!({ "score": score, "date": self.updated_ms / 1_000 }),
        }
    }

    fn health_status(&self) -> Value {
        if self.status == TemplateStatus::Approved {
            let own =
                json!({ "entity_type": "MESSAGE_TEMPLATE", "id": self.id, "can_send_message": "AVAILABLE" });
            return json!({ "can_send_message": "AVAILABLE", "entities": [own] });
        }
        let error = json!({
            "error_code": 141_002,
            "error_description": "Message templates can only be sent out if they are approved.",
            "possible_solution": "Edit the template or appeal the decision about it.",
        });
        let own = json!({
            "entity_type": "MESSAGE_TEMPLATE", "id": self.id, "can_send_message": "BLOCKED", "errors": [error],
        });
        json!({ "can_send_message": "BLOCKED", "entities": [own] })
    }

    /// What the webhook about its status tells.
    pub(crate) fn news(&self) -> News {
        self.news_titled(None)
    }

    /// The same with an `other_info.title` that is not the usual one.
    pub(crate) fn news_titled(&self, title: Option<String>) -> News {
        News::Template(TemplateNews {
            waba_id: self.waba_id.clone(),
            template_id: self.id.clone(),
            name: self.name.clone(),
            language: self.language.clone(),
            category: self.category.clone(),
            status: self.status,
            reason: self.reason.clone(),
            title,
        })
    }

    /// The lower-case category of `pricing.category`.
    pub(crate) fn pricing_category(&self) -> String {
        self.category.to_ascii_lowercase()
    }

    /// The members by which every webhook names a template.
    pub(crate) fn named_in_webhooks(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("message_template_id".into(), json!(self.id.parse::<u64>().ok()));
        members.insert("message_template_name".into(), json!(self.name));
        members.insert("message_template_language".into(), json!(self.language.replace('_', "-")));
        members
    }
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

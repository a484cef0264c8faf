//! Message templates.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::Quality;

pub(crate) mod check;
mod parameters;
mod variables;

pub(crate) use parameters::{ButtonKind, ButtonParameter, RequiredParameters};

/// Only an approved template can be sent.
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

    /// Whether the name stays locked for a while after deletion, because people may have received messages of it.
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

    /// Meta: template management.
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

/// One template in one language; name and language are unique within a WABA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Template {
    pub(crate) id: String,
    /// Order of creation in this sandbox, used as the cursor of lists.
    pub(crate) serial: u64,
    pub(crate) waba_id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    /// Upper case.
    pub(crate) category: String,
    pub(crate) named: bool,
    /// As submitted, with upper-case `type` and `format`.
    pub(crate) components: Vec<Value>,
    pub(crate) status: TemplateStatus,
    /// Reason for the status, or `NONE`.
    pub(crate) reason: String,
    /// `quality_score.score`, once there is one.
    #[serde(default)]
    pub(crate) quality: Option<Quality>,
    #[serde(default)]
    pub(crate) previous_category: Option<String>,
    /// The category that Meta will change it to.
    #[serde(default)]
    pub(crate) correct_category: Option<String>,
    #[serde(default)]
    pub(crate) message_send_ttl_seconds: Option<i64>,
    #[serde(default)]
    pub(crate) updated_ms: u64,
    /// Times of edits while it was approved.
    #[serde(default)]
    pub(crate) edits_ms: Vec<u64>,
}

/// The result of the review of a template.
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
    /// What a send must contain to fill the template.
    pub(crate) fn required_parameters(&self) -> RequiredParameters {
        RequiredParameters::of(&self.category, &self.components)
    }

    /// `pricing.category`.
    pub(crate) fn pricing_category(&self) -> String {
        self.category.to_ascii_lowercase()
    }
}

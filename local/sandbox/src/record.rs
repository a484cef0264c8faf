//! What the journal keeps: one record a line, and the updates that are still to be told.

use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::recipients::StatusWord;
use crate::template::{Template, TemplateStatus};

/// One line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Record {
    /// An account is new or has changed.
    Account { account: Account },
    /// A template is new or has another status, and this is what is told about it.
    Template { template: Template, updates: Vec<Update> },
    /// Templates were deleted.
    TemplatesDeleted { ids: Vec<String> },
    /// A message was accepted, and these statuses will follow.
    Accepted { acceptance: Acceptance, updates: Vec<Update> },
    /// Statuses were ordered by hand.
    Ordered { updates: Vec<Update> },
    /// Updates were taken by the receiver.
    Delivered { ids: Vec<u64> },
    /// `DELETE /sandbox`.
    Reset,
}

/// One accepted message: a line of the oracle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Acceptance {
    /// Counts up from 1, also across resets.
    pub(crate) index: u64,
    /// `biz_opaque_callback_data`.
    pub(crate) attempt_id: Option<String>,
    pub(crate) wamid: String,
    pub(crate) to: String,
    pub(crate) waba_id: String,
    pub(crate) phone_number_id: String,
    /// Name of the template, none for text.
    pub(crate) template: Option<String>,
    /// As in `pricing.category`; `service` for text.
    pub(crate) category: String,
    pub(crate) time_ms: u64,
}

/// One update of a webhook that is still to be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update {
    pub(crate) id: u64,
    /// When it is sent.
    pub(crate) due_ms: u64,
    /// When it happened.
    pub(crate) event_ms: u64,
    pub(crate) news: News,
}

/// What an update tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// Field `messages`.
    Status(Status),
    /// Field `message_template_status_update`.
    Template(TemplateNews),
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// Index of the acceptance.
    pub(crate) index: u64,
    pub(crate) word: StatusWord,
    pub(crate) error_code: Option<i64>,
    /// Leave `biz_opaque_callback_data` out.
    #[serde(default)]
    pub(crate) omit_opaque: bool,
}

/// What became of a template; it may be deleted before this is told, so it stands here in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateNews {
    pub(crate) waba_id: String,
    pub(crate) template_id: String,
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) category: String,
    pub(crate) status: TemplateStatus,
    pub(crate) reason: String,
}

//! What the journal keeps: one record a line, and the updates that are still to be told.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::Account;
use crate::recipients::StatusWord;
use crate::template::{Template, TemplateStatus};

/// One line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Record {
    /// An account is new or has changed, and this is what is told about it.
    Account {
        account: Account,
        #[serde(default)]
        updates: Vec<Update>,
    },
    /// A template is new or has another status, and this is what is told about it.
    Template { template: Template, updates: Vec<Update> },
    /// Templates were deleted; names of approved ones are locked from then on.
    TemplatesDeleted {
        ids: Vec<String>,
        #[serde(default)]
        at_ms: u64,
        #[serde(default)]
        updates: Vec<Update>,
    },
    /// A message was accepted, and these statuses will follow.
    Accepted { acceptance: Acceptance, updates: Vec<Update> },
    /// Updates were ordered by hand.
    Ordered { updates: Vec<Update> },
    /// A person wrote to a number, which opens the 24 hours for free-form messages.
    /// `from` holds every name of that person: the number, the business-scoped user id.
    Heard { phone_number_id: String, from: Vec<String>, at_ms: u64, updates: Vec<Update> },
    /// A person stopped the marketing messages of a business, or wants them again.
    Preference { waba_id: String, from: String, stopped: bool, updates: Vec<Update> },
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
    /// As in `pricing.category`; `service` for free-form messages.
    pub(crate) category: String,
    /// A service message within the number's free ones of the month.
    #[serde(default)]
    pub(crate) free: bool,
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
    /// Any other field, as it is told.
    Field(FieldNews),
}

/// A value of some field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FieldNews {
    /// `entry.id`, the WABA's.
    pub(crate) waba_id: String,
    pub(crate) field: String,
    pub(crate) value: Value,
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
    /// In place of what the message is priced.
    #[serde(default)]
    pub(crate) pricing: Option<Value>,
    /// Only free entry points still have one.
    #[serde(default)]
    pub(crate) conversation: Option<Value>,
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
    /// `other_info.title`, when it is not the usual one of the status.
    #[serde(default)]
    pub(crate) title: Option<String>,
}

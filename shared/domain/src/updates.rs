//! What Meta tells us: one [`Update`] for each thing, already out of Meta's JSON.
//!
//! This is the body that travels on the updates queue, so its spelling is a contract between two deployments: fields
//! and kinds may be added, never renamed. A kind that the other side does not know yet waits on the queue until it does.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::messages::DeliveryStatus;
use crate::{AttemptId, Category, PhoneNumber, PhoneNumberId, Wamid};

/// One authentic status of one message. Its identity is (wamid, status): a second copy changes nothing (I19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusUpdate {
    /// The business number it was sent from; says whose message it is.
    pub phone_number_id: PhoneNumberId,
    /// Meta's id of the message.
    pub wamid: Wamid,
    /// What happened.
    pub status: DeliveryStatus,
    /// When, by Meta's clock; absent when Meta's text was no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The attempt, when Meta handed `biz_opaque_callback_data` back and it is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_id: Option<AttemptId>,
    /// Why, for `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<MetaError>,
}

/// Meta's error code and its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaError {
    /// Such as 131026.
    pub code: i32,
    /// Title and details, without the recipient's number.
    pub text: String,
}

/// What Meta decided about a template. It may be one that nobody here made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateUpdate {
    /// The WhatsApp Business account that it belongs to; says whose it is.
    pub waba_id: String,
    /// Meta's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its language, such as `en_US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// When, by Meta's clock: of two decisions the later one counts, in whatever order they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A decision about a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// Its status, in Meta's word.
    Status(String),
    /// Its category, which sets its price.
    Category(Category),
}

/// A person wants no more messages, or wants them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreferenceUpdate {
    /// The business number they said it to; says whose contact it is.
    pub phone_number_id: PhoneNumberId,
    /// Who.
    pub phone: PhoneNumber,
    /// What they want.
    pub wants_messages: bool,
    /// When, by Meta's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Meta closed a WhatsApp Business account, or opened it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountUpdate {
    /// Which.
    pub waba_id: String,
    /// Closed, or open again.
    pub is_closed: bool,
    /// Meta's word for what happened.
    pub reason: String,
    /// When, by Meta's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// An authentic change, kept whole as it came, never dropped (I17). What is acted on of it travels beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnhandledUpdate {
    /// The webhook field, or why the element could not be read.
    pub reason: String,
    /// Meta's JSON as received.
    pub raw: serde_json::Value,
}

/// One update on the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Update {
    /// A message's status.
    Status(StatusUpdate),
    /// What Meta decided about a template.
    Template(TemplateUpdate),
    /// What a person wants.
    Preference(PreferenceUpdate),
    /// What became of an account.
    Account(AccountUpdate),
    /// Anything else. The word on the queue is older than this name.
    #[serde(rename = "kept")]
    Unhandled(UnhandledUpdate),
}

/// The body of one queue message: several updates packed together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateBatch {
    /// In the order in which Meta listed them; order carries no meaning (I18).
    pub updates: Vec<Update>,
}

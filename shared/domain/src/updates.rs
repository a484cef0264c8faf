//! What Meta reports through its webhook: one [`Update`] for each fact, taken out of Meta's JSON.
//!
//! It is the body of messages on the updates queue, so its JSON is a contract between two deployments: fields and kinds may
//! be added, never renamed. A kind that the receiver does not know yet stays on the queue until it does.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kernel::foreign;
use crate::messages::DeliveryStatus;
use crate::{AttemptId, Category, PhoneNumber, PhoneNumberId, WabaId, Wamid};

/// One authentic status of one message. Its identity is (wamid, status): a second copy changes nothing (I19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusUpdate {
    /// The business number that the message was sent from; it determines the tenant.
    pub phone_number_id: PhoneNumberId,
    pub wamid: Wamid,
    pub status: DeliveryStatus,
    /// By Meta's clock; absent when Meta's text was not a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// From `biz_opaque_callback_data`, when Meta returned it and it is one of our ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempt_id: Option<AttemptId>,
    /// Of a failed message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<MetaError>,
    /// What Meta charges for the message, where the status says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<MetaPricing>,
}

/// What Meta charges for a message, in Meta's words; it names no amount. Each of them may be absent or new to us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaPricing {
    /// Whether Meta charges for it. Meta will remove it: `type` says the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billable: Option<bool>,
    /// `PMP`, per message; `CBP`, per conversation, before July 2025.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `regular`, or a kind of free message.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Such as `marketing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

impl MetaPricing {
    /// With each word that can be stored as a word; `None` when nothing is left.
    pub fn of(billable: Option<bool>, [model, kind, category]: [Option<&str>; 3]) -> Option<Self> {
        let word = |text: Option<&str>| text.filter(|text| foreign::is_word(text)).map(str::to_owned);
        let pricing = Self { billable, model: word(model), kind: word(kind), category: word(category) };
        (pricing != Self::default()).then_some(pricing)
    }
}

/// Meta's error code and text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaError {
    /// Such as 131026.
    pub code: i32,
    /// Title and details, without the recipient's number.
    pub text: String,
}

impl MetaError {
    /// The error with its text as foreign texts are stored.
    pub fn new(code: i32, text: &str) -> Self {
        Self { code, text: foreign::text(text).into_owned() }
    }
}

/// What Meta decided about a template, which may be one that was not made through the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemplateUpdate {
    /// The account that the template belongs to; it determines the tenant.
    pub waba_id: WabaId,
    /// Meta's id of the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Such as `en_US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    pub decision: Decision,
    /// By Meta's clock: of two decisions the later one counts, in whichever order they arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// Meta's word for the new status.
    Status(String),
    /// The new category, which sets the price.
    Category(Category),
}

/// A person wants no more messages, or wants them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreferenceUpdate {
    /// The business number that the person wrote to; it determines the tenant.
    pub phone_number_id: PhoneNumberId,
    pub phone: PhoneNumber,
    pub wants_messages: bool,
    /// By Meta's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// Meta closed a WhatsApp Business account, or opened it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountUpdate {
    pub waba_id: WabaId,
    pub is_closed: bool,
    /// Meta's word for the event.
    pub reason: String,
    /// By Meta's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// An authentic change, stored as it came and never dropped (I17). The part of it that is handled is an update as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnhandledUpdate {
    /// The webhook field, or why the element could not be read.
    pub reason: String,
    /// Meta's JSON as received; a text with its start when it is longer than [`foreign::KEPT_BYTES_MAX`].
    pub raw: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Update {
    Status(StatusUpdate),
    Template(TemplateUpdate),
    Preference(PreferenceUpdate),
    Account(AccountUpdate),
    /// Anything else. The word on the queue is older than this name.
    #[serde(rename = "kept")]
    Unhandled(UnhandledUpdate),
}

impl Update {
    /// Whether every id in it can be stored and indexed. One that cannot is stored as unhandled.
    pub fn has_valid_ids(&self) -> bool {
        match self {
            Self::Status(update) => {
                [&update.phone_number_id.0, &update.wamid.0].into_iter().all(|id| foreign::is_id(id))
            }
            Self::Template(update) => {
                let ids = [&update.template_id, &update.name, &update.language];
                foreign::is_id(&update.waba_id.0) && ids.into_iter().flatten().all(|id| foreign::is_id(id))
            }
            Self::Preference(update) => foreign::is_id(&update.phone_number_id.0),
            Self::Account(update) => foreign::is_id(&update.waba_id.0),
            Self::Unhandled(_) => true,
        }
    }
}

/// The body of one queue message: several updates packed together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateBatch {
    /// In Meta's order, which has no meaning (I18).
    pub updates: Vec<Update>,
}

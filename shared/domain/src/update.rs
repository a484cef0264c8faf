//! What Meta tells us after a send: one [`StatusUpdate`] per status, already out of Meta's JSON.
//!
//! This is the body that travels on the updates queue, so its spelling is a contract between two deployments: fields
//! may be added, never renamed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::message::Evidence;
use crate::{AttemptId, PhoneNumberId, Wamid};

/// One authentic status of one message. Its identity is (wamid, status): a second copy changes nothing (I19).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusUpdate {
    /// The business number it was sent from; says whose message it is.
    pub phone_number_id: PhoneNumberId,
    /// Meta's id of the message.
    pub wamid: Wamid,
    /// What happened.
    pub status: Evidence,
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

/// An authentic change that this version acts on in no way: kept whole, never dropped (I17).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptUpdate {
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
    /// Anything else.
    Kept(KeptUpdate),
}

/// The body of one queue message: several updates packed together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateBatch {
    /// In the order in which Meta listed them; order carries no meaning (I18).
    pub updates: Vec<Update>,
}

//! One delivery status of one message. Only its id and its kind are required.
//!
//! There are two parsers: a strict one without copying for the usual format, and one that reads member by member when
//! the strict one fails. They return the same for what both can read.

use std::borrow::Cow;

use domain::messages::DeliveryStatus;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::borrowed::{Id, Text};
use super::error_note::{self, ErrorNote};
use super::json::{JsonAccess, UnixTime};

/// A delivery status (Meta: webhooks, messages, status).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status<'a> {
    pub wamid: Cow<'a, str>,
    /// Meta's word: `sent`, `delivered`, `read`, `played`, `failed`, or an unknown one.
    pub status: Cow<'a, str>,
    /// By Meta's clock.
    pub timestamp: Option<UnixTime>,
    /// The recipient's phone number, or the group; [`None`] for a person known only by a user id.
    pub recipient: Option<Cow<'a, str>>,
    /// `group`, for a message to a group.
    pub recipient_type: Option<Cow<'a, str>>,
    /// The recipient's business-scoped id.
    pub recipient_user_id: Option<Cow<'a, str>>,
    /// The recipient's id across all portfolios of the parent business.
    pub recipient_parent_user_id: Option<Cow<'a, str>>,
    /// The member of the group that the status is about.
    pub participant: Option<Cow<'a, str>>,
    /// The business-scoped id of that member.
    pub participant_user_id: Option<Cow<'a, str>>,
    /// `biz_opaque_callback_data`, as we sent it.
    pub callback_data: Option<Cow<'a, str>>,
    /// The conversation, which older versions have.
    pub conversation_id: Option<Cow<'a, str>>,
    /// What opened the conversation.
    pub conversation_origin: Option<Cow<'a, str>>,
    pub pricing: Option<Pricing<'a>>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorNote<'a>>,
}

/// What Meta charges for. It holds no price.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing<'a> {
    /// Whether Meta charges for it; to be replaced by `type`.
    pub billable: Option<bool>,
    /// `PMP`, per message; `CBP`, per conversation, before July 2025.
    #[serde(rename(deserialize = "pricing_model", serialize = "model"), borrow)]
    pub model: Option<Text<'a>>,
    /// `regular`, or the kind of free message.
    #[serde(borrow)]
    pub r#type: Option<Text<'a>>,
    /// Such as `marketing`.
    #[serde(borrow)]
    pub category: Option<Text<'a>>,
    #[serde(borrow)]
    pub subtype: Option<Text<'a>>,
}

impl Status<'_> {
    /// The delivery status in our terms, if its kind is known.
    pub fn delivery_status(&self) -> Option<DeliveryStatus> {
        delivery_status(&self.status)
    }
}

/// The delivery status of Meta's word. A voice message that was played counts as read.
pub(super) fn delivery_status(word: &str) -> Option<DeliveryStatus> {
    if word == "played" { Some(DeliveryStatus::Read) } else { DeliveryStatus::from_word(word) }
}

/// A status in Meta's usual format.
#[derive(Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    timestamp: Option<Id<'a>>,
    /// `call`, for the status of a call.
    #[serde(borrow)]
    r#type: Option<Text<'a>>,
    #[serde(borrow)]
    recipient_id: Option<Id<'a>>,
    #[serde(borrow)]
    recipient_type: Option<Text<'a>>,
    #[serde(borrow)]
    recipient_user_id: Option<Id<'a>>,
    #[serde(borrow)]
    recipient_parent_user_id: Option<Id<'a>>,
    #[serde(borrow)]
    recipient_participant_id: Option<Id<'a>>,
    #[serde(borrow)]
    participant_recipient_id: Option<Id<'a>>,
    #[serde(borrow)]
    recipient_participant_user_id: Option<Id<'a>>,
    #[serde(borrow)]
    biz_opaque_callback_data: Option<Id<'a>>,
    #[serde(borrow)]
    conversation: Option<Conversation<'a>>,
    #[serde(borrow)]
    pricing: Option<Pricing<'a>>,
    #[serde(borrow)]
    errors: Option<Vec<error_note::Wire<'a>>>,
}

#[derive(Deserialize)]
struct Conversation<'a> {
    #[serde(borrow)]
    id: Option<Id<'a>>,
    #[serde(borrow)]
    origin: Option<Origin<'a>>,
    #[serde(borrow)]
    pricing: Option<Pricing<'a>>,
}

#[derive(Deserialize)]
struct Origin<'a> {
    #[serde(borrow)]
    r#type: Option<Text<'a>>,
}

/// An empty id counts as absent.
fn non_empty(id: Option<Id<'_>>) -> Option<Cow<'_, str>> {
    id.map(|id| id.0).filter(|id| !id.is_empty())
}

fn word(text: Option<Text<'_>>) -> Option<Cow<'_, str>> {
    text.map(|text| text.0)
}

impl<'a> Wire<'a> {
    /// The status, if it has the required members.
    pub(super) fn into_status(self) -> Option<Status<'a>> {
        if self.id.0.is_empty() || self.r#type.is_some() {
            return None;
        }
        let (id, origin, inner) = match self.conversation {
            Some(conversation) => (conversation.id, conversation.origin, conversation.pricing),
            None => (None, None, None),
        };
        Some(Status {
            wamid: self.id.0,
            status: self.status.0,
            timestamp: self.timestamp.and_then(|text| UnixTime::from_text(&text.0)),
            recipient: non_empty(self.recipient_id),
            recipient_type: word(self.recipient_type),
            recipient_user_id: non_empty(self.recipient_user_id),
            recipient_parent_user_id: non_empty(self.recipient_parent_user_id),
            participant: non_empty(self.recipient_participant_id)
                .or(non_empty(self.participant_recipient_id)),
            participant_user_id: non_empty(self.recipient_participant_user_id),
            callback_data: non_empty(self.biz_opaque_callback_data),
            conversation_id: non_empty(id),
            conversation_origin: word(origin.and_then(|origin| origin.r#type)),
            pricing: self.pricing.or(inner),
            errors: self.errors.into_iter().flatten().map(error_note::Wire::into_note).collect(),
        })
    }
}

/// Reads a status member by member, or returns why it cannot be read.
pub(super) fn read(status: &Value) -> Result<Status<'static>, &'static str> {
    let id = |name: &str| status.id(name).map(Cow::Owned);
    let text = |value: &Value, name: &str| value.at(name).as_str().map(|text| Cow::Owned(text.to_owned()));
    let conversation = status.at("conversation");
    Ok(Status {
        wamid: id("id").ok_or("a status without an id")?,
        status: text(status, "status").ok_or("a status without a kind")?,
        timestamp: status.time("timestamp"),
        recipient: id("recipient_id"),
        recipient_type: text(status, "recipient_type"),
        recipient_user_id: id("recipient_user_id"),
        recipient_parent_user_id: id("recipient_parent_user_id"),
        participant: id("recipient_participant_id").or_else(|| id("participant_recipient_id")),
        participant_user_id: id("recipient_participant_user_id"),
        callback_data: id("biz_opaque_callback_data"),
        conversation_id: conversation.id("id").map(Cow::Owned),
        conversation_origin: text(conversation.at("origin"), "type"),
        pricing: pricing(status.at("pricing")).or_else(|| pricing(conversation.at("pricing"))),
        errors: error_note::read_all(status.at("errors")),
    })
}

fn pricing(value: &Value) -> Option<Pricing<'static>> {
    let text = |name: &str| value.at(name).as_str().map(|text| Text(Cow::Owned(text.to_owned())));
    value.is_object().then(|| Pricing {
        billable: value.flag("billable"),
        model: text("pricing_model"),
        r#type: text("type"),
        category: text("category"),
        subtype: text("subtype"),
    })
}

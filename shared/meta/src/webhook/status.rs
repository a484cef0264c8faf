//! One status of one message. Only its id and its kind must be there; everything else is read as far as it goes.
//!
//! Read twice over: strictly and without a copy, which is what Meta sends nearly always; and, where that stumbles,
//! member by member. Both say the same of what both can read.

use std::borrow::Cow;

use domain::messages::Evidence;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::borrowed::{Id, Text};
use super::error_note::{self, ErrorNote};
use super::json::{JsonAccess, UnixTime};

/// A status (Meta: webhooks, messages, status).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status<'a> {
    /// Meta's id of the message.
    pub wamid: Cow<'a, str>,
    /// Meta's word: `sent`, `delivered`, `read`, `played`, `failed`, or one that is not known yet.
    pub status: Cow<'a, str>,
    /// When, by Meta's clock.
    pub timestamp: Option<UnixTime>,
    /// The phone number, or the group, it went to; none for somebody known by a user id alone.
    pub recipient: Option<Cow<'a, str>>,
    /// `group`, for a message to one.
    pub recipient_type: Option<Cow<'a, str>>,
    /// The recipient's business-scoped id.
    pub recipient_user_id: Option<Cow<'a, str>>,
    /// The recipient's id over all portfolios of the parent business.
    pub recipient_parent_user_id: Option<Cow<'a, str>>,
    /// Who of the group it is about.
    pub participant: Option<Cow<'a, str>>,
    /// The same person's business-scoped id.
    pub participant_user_id: Option<Cow<'a, str>>,
    /// `biz_opaque_callback_data`, as we sent it.
    pub callback_data: Option<Cow<'a, str>>,
    /// The conversation, where there still is one.
    pub conversation_id: Option<Cow<'a, str>>,
    /// What opened it.
    pub conversation_origin: Option<Cow<'a, str>>,
    /// What Meta charges for.
    pub pricing: Option<Pricing<'a>>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorNote<'a>>,
}

/// What Meta charges for. There is no price in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing<'a> {
    /// Whether it is charged for; to be replaced by `type`.
    pub billable: Option<bool>,
    /// `PMP`, per message; `CBP`, per conversation, before July 2025.
    #[serde(rename(deserialize = "pricing_model", serialize = "model"), borrow)]
    pub model: Option<Text<'a>>,
    /// `regular`, or which kind of free.
    #[serde(borrow)]
    pub r#type: Option<Text<'a>>,
    /// Such as `marketing`.
    #[serde(borrow)]
    pub category: Option<Text<'a>>,
    /// More of the type.
    #[serde(borrow)]
    pub subtype: Option<Text<'a>>,
}

impl Status<'_> {
    /// What it proves of the message, if its kind is known.
    pub fn delivery_status(&self) -> Option<Evidence> {
        delivery_status(&self.status)
    }
}

/// What Meta's word proves. A voice message that was played was opened.
pub(super) fn delivery_status(word: &str) -> Option<Evidence> {
    if word == "played" { Some(Evidence::Read) } else { Evidence::from_word(word) }
}

/// A status as Meta nearly always writes it.
#[derive(Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    timestamp: Option<Id<'a>>,
    /// `call`, for what belongs to a call.
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

/// An id that is empty is none.
fn some(id: Option<Id<'_>>) -> Option<Cow<'_, str>> {
    id.map(|id| id.0).filter(|id| !id.is_empty())
}

fn word(text: Option<Text<'_>>) -> Option<Cow<'_, str>> {
    text.map(|text| text.0)
}

impl<'a> Wire<'a> {
    /// The status, if it has what a status must have.
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
            recipient: some(self.recipient_id),
            recipient_type: word(self.recipient_type),
            recipient_user_id: some(self.recipient_user_id),
            recipient_parent_user_id: some(self.recipient_parent_user_id),
            participant: some(self.recipient_participant_id).or(some(self.participant_recipient_id)),
            participant_user_id: some(self.recipient_participant_user_id),
            callback_data: some(self.biz_opaque_callback_data),
            conversation_id: some(id),
            conversation_origin: word(origin.and_then(|origin| origin.r#type)),
            pricing: self.pricing.or(inner),
            errors: self.errors.into_iter().flatten().map(error_note::Wire::into_note).collect(),
        })
    }
}

/// Reads a status member by member, or says why it cannot be read.
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
        errors: error_note::read_all(status.list("errors")),
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

//! Webhooks. One POST holds many entries, of many tenants and many kinds.
//!
//! [`read`] returns one [`Event`] for each thing that a body reports; an element that cannot be read is an event too
//! and does not affect the others. [`parse`] turns events into updates for the queue: a delivery status becomes
//! [`Update::Status`]; everything else becomes [`Update::Unhandled`], named by its kind or by what is wrong with it,
//! followed by an update for the part that this version handles. The raw JSON of an unhandled update is again a webhook
//! with that one element, so that a later version can [`parse`] it. Nothing that Meta may add makes a webhook
//! unreadable.

mod account;
mod borrowed;
mod call;
mod coexistence;
mod content;
mod element;
mod error_note;
mod event;
mod fast;
mod field;
mod fragment;
mod handshake;
mod inbound;
mod json;
mod number;
mod person;
mod split;
mod status;
mod template;
mod updates;

use std::borrow::Cow;

pub use account::{
    AccountAlert, AccountError, AccountReview, AccountUpdate, BusinessCapability, Limit, Standing,
};
pub use borrowed::Text;
pub use call::{Call, CallStatus, Group, ThreadControl};
pub use coexistence::{Echo, File, HistoryChunk, HistoryEcho, HistoryMedia};
pub use content::{Content, Reply};
use domain::updates::Update;
pub use error_note::ErrorNote;
pub use event::{Event, EventData, EventOrigin, IgnoredObject, Unreadable};
pub use handshake::{HandshakeRefused, handshake};
pub use inbound::{Context, Inbound, Referral, SystemMessage};
pub(crate) use json::JsonAccess;
pub use json::UnixTime;
pub use number::{BusinessUsername, PhoneName, PhoneQuality, Security};
pub use person::{ContactSync, UserIdUpdate, UserPreference};
use serde_json::value::RawValue;
pub use status::{Pricing, Status};
pub use template::{
    CategoryPhase, TemplateCategory, TemplateCategoryMismatch, TemplateComponents, TemplateQuality,
    TemplateRef, TemplateStatus,
};
use thiserror::Error;

use crate::webhook::fragment::{Fragment, Members};

/// The `object` of Meta's webhooks for WhatsApp.
const OBJECT: &str = "whatsapp_business_account";
/// The field of delivery statuses.
const MESSAGES: &str = "messages";

/// Why a body is not a webhook of Meta's.
#[derive(Debug, Error)]
pub enum NotAWebhook {
    /// Not JSON.
    #[error("the body is not JSON")]
    NoJson(#[source] serde_json::Error),
    /// No `entry` list.
    #[error("the body has no list of entries")]
    NoEntries,
}

/// Parses a body into updates for the queue, in Meta's order. Check its signature first (I20).
pub fn parse(body: &[u8]) -> Result<Vec<Update>, NotAWebhook> {
    if let Some(updates) = fast::updates(body) {
        return Ok(updates);
    }
    let events = read_any_shape(body)?;
    let mut updates = Vec::with_capacity(events.len());
    for event in &events {
        updates::push(event, &mut updates);
    }
    Ok(updates)
}

/// Reads every event of a body, in Meta's order.
pub fn read(body: &[u8]) -> Result<Vec<Event<'_>>, NotAWebhook> {
    match fast::read(body) {
        Some(events) => Ok(events),
        None => read_any_shape(body),
    }
}

/// Reads a body of any shape.
fn read_any_shape(body: &[u8]) -> Result<Vec<Event<'_>>, NotAWebhook> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(NotAWebhook::NoJson)?;
    let root = Members::of(raw).ok_or(NotAWebhook::NoEntries)?;
    // A missing `object` is accepted: some of Meta's own examples have it in the wrong place.
    if let Some(object) = root.get("object").and_then(fragment::value).filter(|object| *object != OBJECT) {
        let object = object.as_str().map_or_else(|| object.to_string(), str::to_owned);
        let fragment = Fragment { before: "".into(), text: raw.get(), after: Cow::Borrowed("") };
        let data = EventData::IgnoredObject(IgnoredObject { object });
        return Ok(vec![Event { origin: EventOrigin::default(), data, fragment: Some(fragment) }]);
    }
    let entries = root.get("entry").and_then(fragment::elements).ok_or(NotAWebhook::NoEntries)?;
    Ok(split::read(entries))
}

#[cfg(test)]
mod tests;

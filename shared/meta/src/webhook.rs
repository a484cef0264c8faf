//! What Meta sends us: one POST with many entries, of many tenants, about many things.
//!
//! [`read`] tells everything that a body says, one [`Event`] for each thing, in one pass: what cannot be read is an event
//! too, and costs the others nothing. [`parse`] makes of it what travels on the queue: statuses of messages become
//! [`Update::Status`]; everything else is kept as [`Update::Kept`], by its kind or by what is wrong with it, and what is
//! acted on of it travels beside it. What is kept is again a webhook's body with that one thing in it, so that a later
//! version can read it with [`parse`]. Nothing that Meta may add makes a webhook unreadable.

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

/// What Meta's webhooks for WhatsApp say they are about.
const OBJECT: &str = "whatsapp_business_account";
/// The field that statuses of messages come in.
const MESSAGES: &str = "messages";

/// The bytes are no webhook of Meta's.
#[derive(Debug, Error)]
pub enum NotAWebhook {
    /// No JSON.
    #[error("the body is no JSON")]
    NoJson(#[source] serde_json::Error),
    /// No `entry` list.
    #[error("the body has no list of entries")]
    NoEntries,
}

/// Reads a webhook's body into updates for the queue, in Meta's order. Call it only after its signature was checked
/// (I20).
pub fn parse(body: &[u8]) -> Result<Vec<Update>, NotAWebhook> {
    if let Some(updates) = fast::updates(body) {
        return Ok(updates);
    }
    let events = read_apart(body)?;
    let mut updates = Vec::with_capacity(events.len());
    for event in &events {
        updates::push(event, &mut updates);
    }
    Ok(updates)
}

/// Reads everything that a webhook's body says, in Meta's order.
pub fn read(body: &[u8]) -> Result<Vec<Event<'_>>, NotAWebhook> {
    match fast::read(body) {
        Some(events) => Ok(events),
        None => read_apart(body),
    }
}

/// Reads a body of any shape.
fn read_apart(body: &[u8]) -> Result<Vec<Event<'_>>, NotAWebhook> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(NotAWebhook::NoJson)?;
    let root = Members::of(raw).ok_or(NotAWebhook::NoEntries)?;
    // Absent is let pass: some of Meta's own examples have it in the wrong origin.
    if let Some(object) = root.get("object").and_then(fragment::value).filter(|object| *object != OBJECT) {
        let object = object.as_str().map_or_else(|| object.to_string(), str::to_owned);
        let part = Fragment { before: "".into(), text: raw.get(), after: Cow::Borrowed("") };
        let data = EventData::IgnoredObject(IgnoredObject { object });
        return Ok(vec![Event { origin: EventOrigin::default(), data, part: Some(part) }]);
    }
    let entries = root.get("entry").and_then(fragment::elements).ok_or(NotAWebhook::NoEntries)?;
    Ok(split::read(entries))
}

#[cfg(test)]
mod tests;

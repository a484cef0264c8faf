//! Parses the usual webhook, which holds delivery statuses and nothing else, in a single pass without copying.
//!
//! If anything in the body is unusual, this returns [`None`] and [`super::split`] parses the whole body. Where both
//! parse a body they return the same; a test compares them.

use std::marker::PhantomData;

use domain::PhoneNumberId;
use domain::foreign::is_id;
use domain::updates::{StatusUpdate, Update};
use serde::de::{Error, IgnoredAny};
use serde::{Deserialize, Deserializer};

use super::borrowed::{Id, Text};
use super::error_note;
use super::event::{Event, EventData, EventOrigin};
use super::json::UnixTime;
use super::status::{Pricing, Status, Wire};
use super::updates::StatusFields;
use super::{MESSAGES, OBJECT};

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Body<'a, T> {
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    entry: Vec<Entry<'a, T>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Entry<'a, T> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow)]
    time: Option<Id<'a>>,
    #[serde(borrow)]
    changes: Vec<Change<'a, T>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
struct Change<'a, T> {
    #[serde(borrow)]
    field: Text<'a>,
    #[serde(borrow)]
    value: MessagesValue<'a, T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "T: Deserialize<'de>"))]
struct MessagesValue<'a, T> {
    #[serde(rename = "messaging_product")]
    _product: Option<IgnoredAny>,
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(rename = "contacts")]
    _contacts: Option<IgnoredAny>,
    statuses: Vec<T>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    phone_number_id: Id<'a>,
}

/// A status with all of its members.
struct FullStatus<'a>(Status<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for FullStatus<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let status = Wire::deserialize(deserializer)?.into_status();
        status
            .filter(|status| status.delivery_status().is_some())
            .map(Self)
            .ok_or_else(|| Error::custom("unusual"))
    }
}

/// The members of a status that this version handles. Its phone number is not known while it is read.
struct HandledStatus(StatusUpdate);

#[derive(Deserialize)]
struct MinimalStatus<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    timestamp: Option<Id<'a>>,
    r#type: Option<IgnoredAny>,
    #[serde(borrow)]
    biz_opaque_callback_data: Option<Id<'a>>,
    #[serde(borrow)]
    conversation: Option<MinimalConversation<'a>>,
    #[serde(borrow)]
    pricing: Option<Pricing<'a>>,
    #[serde(borrow)]
    errors: Option<Vec<error_note::Wire<'a>>>,
}

#[derive(Deserialize)]
struct MinimalConversation<'a> {
    #[serde(borrow)]
    pricing: Option<Pricing<'a>>,
}

impl<'de> Deserialize<'de> for HandledStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let unusual = || Error::custom("unusual");
        let wire = MinimalStatus::deserialize(deserializer)?;
        if wire.id.0.is_empty() || wire.r#type.is_some() {
            return Err(unusual());
        }
        let errors = wire.errors.into_iter().flatten().map(error_note::Wire::into_note);
        let inner = wire.conversation.and_then(|conversation| conversation.pricing);
        let pricing = wire.pricing.or(inner);
        let fields = StatusFields {
            wamid: wire.id.0,
            status: &wire.status.0,
            at: wire.timestamp.and_then(|text| UnixTime::from_text(&text.0)),
            callback_data: wire.biz_opaque_callback_data.as_ref().map(|id| id.0.as_ref()),
            pricing: pricing.as_ref(),
        };
        fields.into_update(errors).map(Self).map_err(|_reason| unusual())
    }
}

/// The events of a body that holds only valid delivery statuses of known kinds; otherwise [`None`].
pub(super) fn read(body: &[u8]) -> Option<Vec<Event<'_>>> {
    let mut events = Vec::new();
    each(body, PhantomData::<FullStatus<'_>>, |origin, FullStatus(status)| {
        let data = EventData::MessageStatus(Box::new(status));
        events.push(Event { origin: origin.clone(), data, fragment: None });
    })?;
    Some(events)
}

/// The same as updates for the queue, without building events.
pub(super) fn updates(body: &[u8]) -> Option<Vec<Update>> {
    let mut updates = Vec::new();
    each(body, PhantomData::<HandledStatus>, |origin, HandledStatus(mut status)| {
        status.phone_number_id =
            PhoneNumberId(origin.phone_number_id.as_deref().unwrap_or_default().to_owned());
        updates.push(Update::Status(status));
    })?;
    Some(updates)
}

/// Passes every status to `take`, unless anything in the body is unusual.
fn each<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    _as: PhantomData<T>,
    mut take: impl FnMut(&EventOrigin<'a>, T),
) -> Option<()> {
    let body: Body<'a, T> = serde_json::from_slice(body).ok()?;
    if body.object.0 != OBJECT {
        return None;
    }
    for entry in body.entry {
        let waba_id = Some(entry.id.0).filter(|id| !id.is_empty());
        let time = entry.time.and_then(|text| UnixTime::from_text(&text.0));
        for Change { field, value } in entry.changes {
            let number = value.metadata.phone_number_id.0;
            if field.0 != MESSAGES || !is_id(&number) {
                return None;
            }
            let (phone_number_id, field) = (Some(number), Some(field.0));
            let origin = EventOrigin { waba_id: waba_id.clone(), time, phone_number_id, field };
            value.statuses.into_iter().for_each(|status| take(&origin, status));
        }
    }
    Some(())
}

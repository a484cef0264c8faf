//! What Meta sends nearly always, statuses and nothing else, in one pass and without a copy.
//!
//! Anything out of the ordinary, anywhere in the body, and the whole body is left to [`super::split`], which takes it
//! apart. Where this says something, that says the same; a test holds it.

use domain::update::Update;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::event::{Event, Place, What};
use super::lean::{Id, Text};
use super::look::UnixTime;
use super::status::{Status, Wire};
use super::{MESSAGES, OBJECT, queue};

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    object: Text<'a>,
    #[serde(borrow)]
    entry: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow)]
    time: Option<Id<'a>>,
    #[serde(borrow)]
    changes: Vec<Change<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change<'a> {
    #[serde(borrow)]
    field: Text<'a>,
    #[serde(borrow)]
    value: OfMessages<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfMessages<'a> {
    #[serde(rename = "messaging_product")]
    _product: Option<IgnoredAny>,
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(rename = "contacts")]
    _contacts: Option<IgnoredAny>,
    #[serde(borrow)]
    statuses: Vec<Wire<'a>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    phone_number_id: Id<'a>,
}

/// The events of a body of statuses, all of them sound and of a known kind; none if it is anything else.
pub(super) fn read(body: &[u8]) -> Option<Vec<Event<'_>>> {
    let mut events = Vec::new();
    each(body, |place, status| {
        let what = What::MessageStatus(Box::new(status));
        events.push(Event { place: place.clone(), what, part: None });
        Some(())
    })?;
    Some(events)
}

/// The same as updates for the queue, without the events between.
pub(super) fn updates(body: &[u8]) -> Option<Vec<Update>> {
    let mut updates = Vec::new();
    each(body, |place, status| {
        updates.push(Update::Status(queue::acted_on(&status, place).ok()?));
        Some(())
    })?;
    Some(updates)
}

/// Hands every status over; stops at the first thing that is out of the ordinary.
fn each<'a>(body: &'a [u8], mut take: impl FnMut(&Place<'a>, Status<'a>) -> Option<()>) -> Option<()> {
    let body: Body<'_> = serde_json::from_slice(body).ok()?;
    if body.object.0 != OBJECT {
        return None;
    }
    for entry in body.entry {
        let waba_id = Some(entry.id.0).filter(|id| !id.is_empty());
        let time = entry.time.and_then(|text| UnixTime::from_text(&text.0));
        for Change { field, value } in entry.changes {
            let number = value.metadata.phone_number_id.0;
            if field.0 != MESSAGES || number.is_empty() {
                return None;
            }
            let place =
                Place { waba_id: waba_id.clone(), time, phone_number_id: Some(number), field: Some(field.0) };
            for wire in value.statuses {
                let status = wire.into_status()?;
                status.evidence()?;
                take(&place, status)?;
            }
        }
    }
    Some(())
}

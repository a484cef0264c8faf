//! Any webhook taken apart: entries, changes, the lists in them, one element at a time.
//!
//! What is wrong with one element, or one change, or one entry, stays with it: it becomes an unreadable event that
//! holds its own JSON, and the ones around it are read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use serde_json::value::RawValue;

use super::borrowed::{Id, Text};
use super::event::{Event, EventData, EventOrigin, Unreadable};
use super::fragment::{Fragment, Members, elements, value};
use super::json::{JsonAccess, UnixTime};
use super::{OBJECT, element, field, inbound};

/// Members of an entry, or beside a list, that are longer than this are not repeated with every part that is kept: a
/// thousand parts would hold them a thousand times. Meta's are ids, times and a number.
const SHARED_BYTES_MAX: usize = 256;

/// Reads every entry.
pub(super) fn read(entries: Vec<&RawValue>) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    for entry in entries {
        read_entry(entry, &mut events);
    }
    events
}

fn read_entry<'a>(entry: &'a RawValue, events: &mut Vec<Event<'a>>) {
    let members = Members::of(entry).unwrap_or_default();
    let origin = EventOrigin {
        waba_id: members.get("id").and_then(id),
        time: members.get("time").and_then(id).and_then(|text| UnixTime::from_text(&text)),
        ..EventOrigin::default()
    };
    let Some(changes) = members.get("changes").and_then(elements) else {
        let before = format!(r#"{{"object":"{OBJECT}","entry":["#);
        let part = Fragment { before: before.into(), text: entry.get(), after: Cow::Borrowed("]}") };
        events.push(unreadable("an entry without changes", origin, part));
        return;
    };
    let shared = members.written(|key, text| key != "changes" && text.len() <= SHARED_BYTES_MAX);
    let head = format!(r#"{{"object":"{OBJECT}","entry":[{{{shared}"changes":["#).into();
    let entry = Entry { origin, head };
    for change in changes {
        read_change(change, &entry, events);
    }
}

/// Where a change stood.
struct Entry<'a> {
    origin: EventOrigin<'a>,
    /// A webhook up to its first change.
    head: Arc<str>,
}

fn read_change<'a>(change: &'a RawValue, entry: &Entry<'a>, events: &mut Vec<Event<'a>>) {
    let whole =
        || Fragment { before: Arc::clone(&entry.head), text: change.get(), after: Cow::Borrowed("]}]}") };
    let members = Members::of(change).unwrap_or_default();
    let Some(Text(name)) = members.get("field").and_then(|raw| serde_json::from_str(raw.get()).ok()) else {
        events.push(unreadable("a change without a field", entry.origin.clone(), whole()));
        return;
    };
    let mut origin = EventOrigin { field: Some(name.clone()), ..entry.origin.clone() };
    let Some(inner) = members.get("value").and_then(|raw| Some((raw, Members::of(raw)?))) else {
        events.push(if field::is_read(&name) {
            unreadable("a change without a value", origin, whole())
        } else {
            Event { origin, data: EventData::OtherField, part: Some(whole()) }
        });
        return;
    };
    let (raw, inner) = inner;
    origin.phone_number_id = number_of(&inner);
    if !field::is_lists(&name) {
        let data =
            value(raw).ok_or("a value that cannot be read").and_then(|value| field::read(&name, &value));
        events.push(match data {
            Ok(data) => Event { origin, data, part: Some(whole()) },
            Err(reason) => unreadable(reason, origin, whole()),
        });
        return;
    }
    let shared = inner.written(|key, text| is_frame(key) && text.len() <= SHARED_BYTES_MAX);
    let head = format!(r#"{}{{"field":{},"value":{{{shared}"#, entry.head, Value::from(name.as_ref()));
    let contacts = Contacts::of(inner.get("contacts"));
    let lists = Lists { name: &name, origin: &origin, head: &head, contacts: &contacts };
    let mut has_lists = false;
    for (key, raw) in inner.iter().filter(|(key, _)| !is_frame(key) && *key != "contacts") {
        has_lists = true;
        lists.read(key, raw, events);
    }
    if !has_lists {
        events.push(Event { origin, data: EventData::OtherField, part: Some(whole()) });
    }
}

/// Members that say of which number a change speaks, and nothing else.
fn is_frame(key: &str) -> bool {
    matches!(key, "messaging_product" | "metadata")
}

/// The number that a change is about; handovers name it as their recipient.
fn number_of<'a>(inner: &Members<'a>) -> Option<Cow<'a, str>> {
    let within = |name: &str| inner.get(name).and_then(Members::of)?.get("phone_number_id").and_then(id);
    within("metadata").or_else(|| within("recipient"))
}

fn id(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(raw.get()).ok().map(|Id(id)| id).filter(|id| !id.is_empty())
}

fn unreadable<'a>(reason: impl Into<String>, origin: EventOrigin<'a>, part: Fragment<'a>) -> Event<'a> {
    Event { origin, data: EventData::Unreadable(Unreadable { reason: reason.into() }), part: Some(part) }
}

/// The lists of one change.
struct Lists<'c, 'a> {
    name: &'c str,
    origin: &'c EventOrigin<'a>,
    /// A webhook up to the first list of this change.
    head: &'c str,
    contacts: &'c Contacts<'a>,
}

impl<'a> Lists<'_, 'a> {
    fn read(&self, key: &str, raw: &'a RawValue, events: &mut Vec<Event<'a>>) {
        let key_json = Value::from(key);
        let alone = || Fragment {
            before: format!("{}{key_json}:", self.head).into(),
            text: raw.get(),
            after: Cow::Borrowed("}}]}]}"),
        };
        if !element::is_list(key) {
            // A member that Meta added since.
            events.push(Event {
                origin: self.origin.clone(),
                data: EventData::OtherField,
                part: Some(alone()),
            });
            return;
        }
        if raw.get() == "null" {
            return;
        }
        let Some(list) = elements(raw) else {
            events.push(unreadable(format!("{key} that are no list"), self.origin.clone(), alone()));
            return;
        };
        let before: Arc<str> = format!("{}{key_json}:[", self.head).into();
        for raw in list {
            self.read_element(key, raw, &before, events);
        }
    }

    fn read_element(&self, key: &str, raw: &'a RawValue, before: &Arc<str>, events: &mut Vec<Event<'a>>) {
        let part = |contact: Option<&RawValue>| Fragment {
            before: Arc::clone(before),
            text: raw.get(),
            after: contact.map_or(Cow::Borrowed("]}}]}]}"), |contact| {
                Cow::Owned(format!(r#"],"contacts":[{}]}}}}]}}]}}"#, contact.get()))
            }),
        };
        if let Some(status) = element::status(key, self.name, raw) {
            let data = EventData::MessageStatus(Box::new(status));
            events.push(Event { origin: self.origin.clone(), data, part: Some(part(None)) });
            return;
        }
        let Some(value) = value(raw) else {
            let reason = format!("one of the {key} that cannot be read");
            events.push(unreadable(reason, self.origin.clone(), part(None)));
            return;
        };
        let contact = (key == "messages").then(|| self.contacts.of_message(&value)).flatten();
        let no_contact = Value::Null;
        let beside = contact.map_or(&no_contact, |(_, contact)| contact);
        let part = part(contact.map(|(raw, _)| raw));
        match element::read(key, self.name, &value, beside) {
            Ok(said) => events.extend(said.into_iter().map(|data| Event {
                origin: self.origin.clone(),
                data,
                part: Some(part.clone()),
            })),
            Err(reason) => events.push(unreadable(reason, self.origin.clone(), part)),
        }
    }
}

/// The contacts that stand beside messages, by their ids.
struct Contacts<'a> {
    all: Vec<(&'a RawValue, Value)>,
    by_id: HashMap<String, usize>,
}

impl<'a> Contacts<'a> {
    fn of(raw: Option<&'a RawValue>) -> Self {
        let raws = raw.and_then(elements).unwrap_or_default();
        let all: Vec<(&RawValue, Value)> =
            raws.into_iter().filter_map(|raw| Some((raw, value(raw)?))).collect();
        let ids = |contact: &Value| [contact.id("wa_id"), contact.id("user_id")].into_iter().flatten();
        let by_id =
            all.iter().enumerate().flat_map(|(index, (_, contact))| ids(contact).map(move |id| (id, index)));
        Self { by_id: by_id.collect(), all }
    }

    /// The sender of a message; a contact that stands alone is the sender whatever it is called.
    fn of_message(&self, message: &Value) -> Option<(&'a RawValue, &Value)> {
        let named = inbound::senders(message).find_map(|id| self.by_id.get(&id).copied());
        let index = named.or_else(|| (self.all.len() == 1).then_some(0))?;
        let (raw, contact) = self.all.get(index)?;
        Some((raw, contact))
    }
}

//! Splits a webhook of any shape into entries, changes, lists and elements.
//!
//! A fault in an element, a change or an entry stays there: it becomes an unreadable event with its own JSON, and the
//! others are read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use domain::foreign::is_id;
use serde_json::Value;
use serde_json::value::RawValue;

use super::borrowed::{Id, Text};
use super::event::{Event, EventData, EventOrigin, Unreadable};
use super::fragment::{Fragment, Members, elements, value};
use super::json::{JsonAccess, UnixTime};
use super::{OBJECT, element, field, inbound};

/// Longer members of an entry, or beside a list, are not repeated with each stored element: a thousand elements would
/// hold them a thousand times. Meta's members here are ids, times and a number.
const SHARED_BYTES_MAX: usize = 256;
/// Bytes of all of them together. Beyond that they are left out: Meta has three.
const ALL_SHARED_BYTES_MAX: usize = 1_024;
/// A longer contact is not repeated with its messages. It is an event of its own.
const CONTACT_BYTES_MAX: usize = 8_192;

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
        let fragment = Fragment { before: before.into(), text: entry.get(), after: Cow::Borrowed("]}") };
        events.push(unreadable("an entry without changes", origin, fragment));
        return;
    };
    let shared = shared(&members, |key| key != "changes");
    let head = format!(r#"{{"object":"{OBJECT}","entry":[{{{shared}"changes":["#).into();
    let entry = Entry { origin, head };
    for change in changes {
        read_change(change, &entry, events);
    }
}

/// The entry of a change.
struct Entry<'a> {
    origin: EventOrigin<'a>,
    /// A webhook up to its first change.
    head: Arc<str>,
}

fn read_change<'a>(change: &'a RawValue, entry: &Entry<'a>, events: &mut Vec<Event<'a>>) {
    let fragment =
        || Fragment { before: Arc::clone(&entry.head), text: change.get(), after: Cow::Borrowed("]}]}") };
    let members = Members::of(change).unwrap_or_default();
    let Some(Text(name)) = members.get("field").and_then(|raw| serde_json::from_str(raw.get()).ok()) else {
        events.push(unreadable("a change without a field", entry.origin.clone(), fragment()));
        return;
    };
    let mut origin = EventOrigin { field: Some(name.clone()), ..entry.origin.clone() };
    let Some(inner) = members.get("value").and_then(|raw| Some((raw, Members::of(raw)?))) else {
        events.push(if field::is_read(&name) {
            unreadable("a change without a value", origin, fragment())
        } else {
            Event { origin, data: EventData::OtherField, fragment: Some(fragment()) }
        });
        return;
    };
    let (raw, inner) = inner;
    origin.phone_number_id = number_id(&inner);
    if !field::holds_lists(&name) || !is_id(&name) {
        let data =
            value(raw).ok_or("a value that cannot be read").and_then(|value| field::read(&name, &value));
        events.push(match data {
            Ok(data) => Event { origin, data, fragment: Some(fragment()) },
            Err(reason) => unreadable(reason, origin, fragment()),
        });
        return;
    }
    let shared = shared(&inner, is_frame);
    let head = format!(r#"{}{{"field":{},"value":{{{shared}"#, entry.head, Value::from(name.as_ref()));
    let contacts = Contacts::of(inner.get("contacts"));
    let lists = Lists { name: &name, origin: &origin, head: &head, contacts: &contacts };
    lists.read_long_contacts(events);
    let mut has_lists = false;
    for (key, raw) in inner.iter().filter(|(key, _)| !is_frame(key) && *key != "contacts") {
        has_lists = true;
        lists.read(key, raw, events);
    }
    if !has_lists {
        events.push(Event { origin, data: EventData::OtherField, fragment: Some(fragment()) });
    }
}

/// The short members that `is_shared` selects, repeated with each element.
fn shared(members: &Members<'_>, is_shared: impl Fn(&str) -> bool) -> String {
    let text = members.to_text(|key, text| is_shared(key) && key.len() + text.len() <= SHARED_BYTES_MAX);
    if text.len() <= ALL_SHARED_BYTES_MAX { text } else { String::new() }
}

/// Members that only name the number that a change is about.
fn is_frame(key: &str) -> bool {
    matches!(key, "messaging_product" | "metadata")
}

/// The number that a change is about; handovers name it as their recipient.
fn number_id<'a>(inner: &Members<'a>) -> Option<Cow<'a, str>> {
    let within = |name: &str| inner.get(name).and_then(Members::of)?.get("phone_number_id").and_then(id);
    within("metadata").or_else(|| within("recipient"))
}

fn id(raw: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str(raw.get()).ok().map(|Id(id)| id).filter(|id| !id.is_empty())
}

fn unreadable<'a>(reason: impl Into<String>, origin: EventOrigin<'a>, fragment: Fragment<'a>) -> Event<'a> {
    Event {
        origin,
        data: EventData::Unreadable(Unreadable { reason: reason.into() }),
        fragment: Some(fragment),
    }
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
        let fragment = || Fragment {
            before: format!("{}{key_json}:", self.head).into(),
            text: raw.get(),
            after: Cow::Borrowed("}}]}]}"),
        };
        if !element::is_list(key) {
            // A member that Meta added later.
            events.push(Event {
                origin: self.origin.clone(),
                data: EventData::OtherField,
                fragment: Some(fragment()),
            });
            return;
        }
        if raw.get() == "null" {
            return;
        }
        let Some(list) = elements(raw) else {
            events.push(unreadable(format!("{key} that are not a list"), self.origin.clone(), fragment()));
            return;
        };
        let before: Arc<str> = format!("{}{key_json}:[", self.head).into();
        for raw in list {
            self.read_element(key, raw, &before, events);
        }
    }

    /// Contacts that are too long to be repeated with messages.
    fn read_long_contacts(&self, events: &mut Vec<Event<'a>>) {
        for (raw, _) in self.contacts.all.iter().filter(|(raw, _)| is_long(raw)) {
            let before = format!(r#"{}"contacts":["#, self.head).into();
            let fragment = Fragment { before, text: raw.get(), after: Cow::Borrowed("]}}]}]}") };
            events.push(unreadable("a contact that is too long", self.origin.clone(), fragment));
        }
    }

    fn read_element(&self, key: &str, raw: &'a RawValue, before: &Arc<str>, events: &mut Vec<Event<'a>>) {
        let fragment = |contact: Option<&RawValue>| Fragment {
            before: Arc::clone(before),
            text: raw.get(),
            after: contact.map_or(Cow::Borrowed("]}}]}]}"), |contact| {
                Cow::Owned(format!(r#"],"contacts":[{}]}}}}]}}]}}"#, contact.get()))
            }),
        };
        if let Some(status) = element::status(key, self.name, raw) {
            let data = EventData::MessageStatus(Box::new(status));
            events.push(Event { origin: self.origin.clone(), data, fragment: Some(fragment(None)) });
            return;
        }
        let Some(value) = value(raw) else {
            let reason = format!("an element of {key} that cannot be read");
            events.push(unreadable(reason, self.origin.clone(), fragment(None)));
            return;
        };
        let contact = (key == "messages").then(|| self.contacts.of_message(&value)).flatten();
        let no_contact = Value::Null;
        let contact_value = contact.map_or(&no_contact, |(_, contact)| contact);
        let fragment = fragment(contact.map(|(raw, _)| raw));
        match element::read(key, self.name, &value, contact_value) {
            Ok(all) => events.extend(all.into_iter().map(|data| Event {
                origin: self.origin.clone(),
                data,
                fragment: Some(fragment.clone()),
            })),
            Err(reason) => events.push(unreadable(reason, self.origin.clone(), fragment)),
        }
    }
}

/// The contacts beside messages, by their ids.
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

    /// The sender of a message. A single contact is the sender whatever its id is.
    fn of_message(&self, message: &Value) -> Option<(&'a RawValue, &Value)> {
        let named = inbound::senders(message).find_map(|id| self.by_id.get(&id).copied());
        let index = named.or_else(|| (self.all.len() == 1).then_some(0))?;
        let (raw, contact) = self.all.get(index)?;
        (!is_long(raw)).then_some((raw, contact))
    }
}

fn is_long(contact: &RawValue) -> bool {
    contact.get().len() > CONTACT_BYTES_MAX
}

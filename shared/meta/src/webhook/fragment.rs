//! JSON taken apart one level at a time, each part as the very text that it was.
//!
//! So one part that no reader can take (a number beyond every range, a surrogate alone, a thousand brackets) costs
//! nothing but itself, and what is kept is what was received.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::borrowed::Text;

/// The members of an object, in order.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members of what may be an object.
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// A member; of several with one name the last one counts.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// The members that `wanted` takes by name and text, as the inside of an object, each followed by a comma.
    pub(super) fn written(&self, wanted: impl Fn(&str, &str) -> bool) -> String {
        let mut text = String::new();
        for (key, value) in self.iter().filter(|(key, value)| wanted(key, value.get())) {
            text.push_str(&Value::from(key).to_string());
            text.push(':');
            text.push_str(value.get());
            text.push(',');
        }
        text
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject)
    }
}

struct OfObject;

impl<'de> Visitor<'de> for OfObject {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Text(key), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
            members.push((key, value));
        }
        Ok(Members(members))
    }
}

/// The elements of what may be a list.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// A part as a value, unless no value can hold it.
pub(super) fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

/// A part of a webhook, and the webhook that it would have been alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    /// What stands before it; shared by its neighbours.
    pub(super) before: Arc<str>,
    /// The part itself.
    pub(super) text: &'a str,
    /// What stands behind it.
    pub(super) after: Cow<'static, str>,
}

impl Fragment<'_> {
    /// The webhook that says this alone, to be kept. One that a database cannot hold as JSON (a number beyond every
    /// range, a NUL) is kept as its text.
    pub(super) fn as_webhook(&self) -> Value {
        let text = format!("{}{}{}", self.before, self.text, self.after);
        let is_plain = !text.contains("\\u0000");
        serde_json::from_str(&text).ok().filter(|_| is_plain).unwrap_or(Value::String(text))
    }
}

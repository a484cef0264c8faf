//! JSON split one level at a time, with each fragment as its original text.
//!
//! So a fragment that no parser accepts (a number out of every range, a lone surrogate, a thousand brackets) does not
//! affect the others, and what is stored is what was received.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use domain::foreign;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The members of an object, in order.
#[derive(Default)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The members, if it is an object.
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok()
    }

    /// A member. If a name occurs twice the last one counts.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), *value))
    }

    /// The members that `wanted` selects by name and text, written as the inside of an object, each followed by a
    /// comma.
    pub(super) fn to_text(&self, wanted: impl Fn(&str, &str) -> bool) -> String {
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
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Key(key), value)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
            members.push((key, value));
        }
        Ok(Members(members))
    }
}

/// The name of a member. What is no text, a lone surrogate, is replaced: it must not make its neighbours unreadable.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(KeyVisitor).map(Self)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(String::from_utf8_lossy(bytes))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(String::from_utf8_lossy(bytes).into_owned()))
    }
}

/// The elements, if it is a list.
pub(super) fn elements(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

/// The fragment as a value, if one can hold it.
pub(super) fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

/// A fragment of a webhook, with the text around it that makes it a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    /// The text before it, shared by its neighbors.
    pub(super) before: Arc<str>,
    pub(super) text: &'a str,
    /// The text after it.
    pub(super) after: Cow<'static, str>,
}

impl Fragment<'_> {
    /// A webhook with this fragment alone, to be stored. One that a database cannot store as JSON (a number out of
    /// range, a NUL) becomes a string of its text, and one that is too long a string of its start.
    pub(super) fn as_webhook(&self) -> Value {
        let text = format!("{}{}{}", self.before, self.text, self.after);
        let start = foreign::kept(&text);
        if start.len() < text.len() {
            return Value::String(start.to_owned());
        }
        let is_plain = !text.contains("\\u0000");
        serde_json::from_str(&text).ok().filter(|_| is_plain).unwrap_or(Value::String(text))
    }
}

//! Access to JSON of unknown shape: a missing member and one of another type are both absent.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A time of Meta's clock, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(Timestamp);

impl UnixTime {
    /// From seconds since 1970. [`None`] for a time that no message can have.
    pub(super) fn from_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().filter(|at| *at > Timestamp::UNIX_EPOCH).map(Self)
    }

    pub(super) fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().and_then(Self::from_seconds)
    }

    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_second())
    }
}

/// Lenient readers for the members of a JSON value.
pub(crate) trait JsonAccess {
    /// The member, or null.
    fn at(&self, name: &str) -> &Value;
    /// A text; a number counts as its digits.
    fn text(&self, name: &str) -> Option<String>;
    /// An id: a non-empty text, or a number. Meta writes ids as either.
    fn id(&self, name: &str) -> Option<String>;
    /// A whole number, or a text that is one.
    fn integer(&self, name: &str) -> Option<i64>;
    fn flag(&self, name: &str) -> Option<bool>;
    /// A time, in seconds since 1970.
    fn time(&self, name: &str) -> Option<UnixTime>;
    fn list(&self, name: &str) -> &[Value];
    /// Meta's JSON, for members that we give no shape.
    fn raw(&self, name: &str) -> Option<Value>;
}

impl JsonAccess for Value {
    fn at(&self, name: &str) -> &Value {
        self.get(name).unwrap_or(&Self::Null)
    }

    fn text(&self, name: &str) -> Option<String> {
        text(self.at(name))
    }

    fn id(&self, name: &str) -> Option<String> {
        id(self.at(name))
    }

    fn integer(&self, name: &str) -> Option<i64> {
        crate::error::integer(self.at(name))
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.at(name).as_bool()
    }

    fn time(&self, name: &str) -> Option<UnixTime> {
        self.integer(name).and_then(UnixTime::from_seconds)
    }

    fn list(&self, name: &str) -> &[Value] {
        self.at(name).as_array().map_or(&[], Vec::as_slice)
    }

    fn raw(&self, name: &str) -> Option<Value> {
        Some(self.at(name).clone()).filter(|value| !value.is_null())
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Meta writes ids as text, and sometimes as numbers.
pub(super) fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The start of a foreign word, safe for logs and databases.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    text.chars().take(CHARS_MAX).map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

//! The people that a tenant writes to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::id::ContactId;
use crate::kernel::limits::ATTRIBUTES_BYTES_MAX;
use crate::kernel::page::PagePosition;
use crate::kernel::text;
use crate::kernel::words::words;
use crate::templates::Category;

impl PagePosition for ContactId {
    const LIST: &'static str = "contacts";
    const START: Self = Self(Uuid::max());
}

/// What a tenant knows about a contact: a JSON object with the digits of its numbers as they were written, which a float
/// would not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes(String);

/// Why a text cannot be attributes.
#[derive(Debug, Error)]
pub enum AttributesError {
    #[error("must be at most {ATTRIBUTES_BYTES_MAX} bytes of JSON")]
    TooLong,
    /// A program that writes a long number so has lost its last digits, and Postgres writes out all of its zeros.
    #[error("must write numbers digit by digit or as texts, not with an exponent such as 1e22")]
    Exponent,
    #[error("must be a JSON object: {0}")]
    NotAnObject(serde_json::Error),
}

impl Attributes {
    /// A contact without any.
    pub fn none() -> Self {
        Self("{}".to_owned())
    }

    /// Takes a JSON object that Postgres can hold as well.
    pub fn read(json: &RawValue) -> Result<Self, AttributesError> {
        let text = json.get();
        if text.len() > ATTRIBUTES_BYTES_MAX {
            return Err(AttributesError::TooLong);
        }
        if has_exponent(text) {
            return Err(AttributesError::Exponent);
        }
        // Raw JSON is not yet checked for its depth, the size of its numbers and the halves of its surrogates.
        let checked: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
        checked.map_err(AttributesError::NotAnObject)?;
        Ok(Self(text.to_owned()))
    }

    /// Attributes that were read before they were stored.
    pub fn from_stored(json: String) -> Self {
        Self(json)
    }

    pub fn json(&self) -> &str {
        &self.0
    }

    /// Every attribute that can be the value of a template's variable, as a person sees its text: the last column of a file
    /// often has a line end in its values and its heading, and the first one a byte order mark. The very name counts before
    /// one that only looks like it.
    pub fn texts(&self) -> BTreeMap<String, String> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(&self.0).unwrap_or_default();
        let named = members.into_iter().filter_map(|(name, value)| Some((name, text_of(value.get())?)));
        let named: Vec<(String, String)> = named.collect();
        let seen = named.iter().filter_map(|(name, text)| Some((text::shown(name)?, text.clone())));
        let mut texts: BTreeMap<String, String> = seen.collect();
        texts.extend(named);
        texts
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

fn text_of(json: &str) -> Option<String> {
    match json.chars().next()? {
        '"' => {
            let text = String::deserialize(&mut serde_json::Deserializer::from_str(json)).ok()?;
            text::shown(&text)
        }
        '{' | '[' | 'n' => None,
        _number_or_truth => Some(json.to_owned()),
    }
}

/// Whether JSON has a number with an exponent, at any depth.
fn has_exponent(json: &str) -> bool {
    let (mut is_text, mut before) = (false, None);
    let mut rest = json.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if is_text => {
                let _escaped = rest.next();
            }
            '"' => is_text = !is_text,
            'e' | 'E' if !is_text && before.is_some_and(|c: char| c.is_ascii_digit()) => return true,
            _ => {}
        }
        before = Some(c);
    }
    false
}

/// What a contact does not want any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptOutScope {
    /// The tenant opted the contact out: nothing is sent.
    All,
    /// The person stopped marketing in WhatsApp: codes, receipts and answers are still sent.
    Marketing,
}

words! { OptOutScope, UnknownOptOutScope, "must be ALL or MARKETING":
    All = "ALL",
    Marketing = "MARKETING",
}

impl OptOutScope {
    /// Whether a message of this category is not sent. The same rule is in the statements that claim and that mark the
    /// intent.
    pub const fn covers(self, category: Category) -> bool {
        match (self, category) {
            (Self::All, _) | (Self::Marketing, Category::Marketing) => true,
            (Self::Marketing, Category::Authentication | Category::Utility) => false,
        }
    }
}

/// That a contact opted out, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptOut {
    pub scope: OptOutScope,
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Attributes, AttributesError> {
        Attributes::read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_number_keeps_the_digits_that_it_came_with() {
        let json = r#"{"order": 12345678901234567890123, "price": 1.10, "n\u0061me": "A\"\u00e9", "vip": true, "none": null, "tags": ["x"], "more": {}}"#;
        let attributes = read(json).unwrap();
        assert_eq!(attributes.json(), json);
        let texts = attributes.texts();
        let pairs: Vec<(&str, &str)> =
            texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(
            pairs,
            [("name", "A\"\u{e9}"), ("order", "12345678901234567890123"), ("price", "1.10"), ("vip", "true")]
        );
    }

    #[test]
    fn a_value_and_its_name_are_what_a_person_sees_of_them() {
        for (json, expected) in [
            (r#"{"city": "NY\r"}"#, Some("NY")),
            (r#"{"city\r\n": "two\r\nlines"}"#, Some("two lines")),
            (r#"{"\ufeffcity": " NY "}"#, Some("NY")),
            (r#"{"city\r": "LA", "city": "NY"}"#, Some("NY")),
            (r#"{"city\r": "LA", "city": "\u200b"}"#, Some("LA")),
            (r#"{"city": "\u200b"}"#, None),
        ] {
            let texts = read(json).unwrap().texts();
            assert_eq!(texts.get("city").map(String::as_str), expected, "{json}");
        }
    }

    #[test]
    fn a_number_with_an_exponent_is_refused_and_a_text_like_one_is_not() {
        for json in [r#"{"a": 1e5}"#, r#"{"a": [{"b": -1.2E+22}]}"#, r#"{"\\\"": "", "b": 1e-20000}"#] {
            assert!(matches!(read(json), Err(AttributesError::Exponent)), "{json}");
        }
        for json in [r#"{"a": "1e5", "1e5": true, "b": false}"#, r#"{"\"1e5": "\\", "b": "\"1e5"}"#] {
            assert!(read(json).is_ok(), "{json}");
        }
    }

    #[test]
    fn what_is_no_object_of_texts_that_can_be_stored_is_refused() {
        let long = format!("{{\"a\": \"{}\"}}", "x".repeat(ATTRIBUTES_BYTES_MAX));
        let deep = format!("{{\"a\": {}{}}}", "[".repeat(200), "]".repeat(200));
        for json in ["[]", "1", "null", r#"{"a": "\ud800"}"#, r#"{"a": 1e999}"#, &long, &deep] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}

//! What stands in one place of a text.

use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::typed;

/// One place, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The place's name, in a template with named places.
    pub name: Option<String>,
    /// What stands there.
    pub value: ParameterValue,
}

/// What stands in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterValue {
    /// Words; Meta refuses none at all.
    Text(String),
    /// An amount, which Meta writes in the recipient's way.
    Currency(Currency),
    /// A time, which Meta writes in the recipient's way.
    DateTime(DateTime),
}

/// An amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Currency {
    /// What is shown when Meta cannot write it.
    pub fallback_value: String,
    /// ISO 4217.
    pub code: String,
    /// The amount times a thousand.
    pub amount_1000: i64,
}

/// A time. Meta shows the fallback today; the parts are what it was meant to be made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DateTime {
    /// What is shown.
    pub fallback_value: String,
    /// `GREGORIAN` or `SOLAR_HIJRI`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// The year.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// 1 to 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub month: Option<u8>,
    /// 1 to 31.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_of_month: Option<u8>,
    /// 1 is Monday.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day_of_week: Option<u8>,
    /// 0 to 23.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<u8>,
    /// 0 to 59.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minute: Option<u8>,
    /// Seconds since 1970, instead of the parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
}

impl Parameter {
    /// Words in a numbered place.
    pub fn text(text: &str) -> Self {
        Self { name: None, value: ParameterValue::Text(text.to_owned()) }
    }

    pub(super) fn json(&self) -> Value {
        let mut parameter = match &self.value {
            ParameterValue::Text(text) => typed("text", text),
            ParameterValue::Currency(currency) => typed("currency", currency),
            ParameterValue::DateTime(time) => typed("date_time", time),
        };
        if let (Some(members), Some(name)) = (parameter.as_object_mut(), &self.name) {
            members.insert("parameter_name".to_owned(), json!(name));
        }
        parameter
    }
}

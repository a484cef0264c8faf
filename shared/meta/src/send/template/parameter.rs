//! The value of a variable in a text.

use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::typed;

/// A variable's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The variable's name, in a template with named variables.
    pub name: Option<String>,
    pub value: ParameterValue,
}

/// The value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterValue {
    /// Must not be empty.
    Text(String),
    /// An amount, which Meta formats for the recipient.
    Currency(Currency),
    /// A time, which Meta formats for the recipient.
    DateTime(DateTime),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Currency {
    /// Shown when Meta cannot format the amount.
    pub fallback_value: String,
    /// ISO 4217.
    pub code: String,
    /// The amount times a thousand.
    pub amount_1000: i64,
}

/// A time. Meta currently shows only the fallback; the parts are part of its format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DateTime {
    pub fallback_value: String,
    /// `GREGORIAN` or `SOLAR_HIJRI`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
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
    /// A text for a numbered variable.
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

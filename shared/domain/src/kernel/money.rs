//! Money as whole micro-units of the platform's currency: one unit is 1,000,000.
//!
//! A float cannot become an amount (I10). Text is read digit by digit, so `0.1` is exactly a tenth, and what does not fit
//! (a seventh decimal, an exponent, more than `i64`) is refused with a reason instead of being rounded.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

pub const DECIMALS: usize = 6;
pub const MICROS_PER_UNIT: i64 = 1_000_000;

/// An amount in micro-units; negative for what leaves a wallet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money(i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MoneyError {
    /// Not digits with at most one point and an optional leading minus.
    #[error("must be a plain decimal number such as 100.00")]
    Malformed,
    /// More than six decimals.
    #[error("must have at most {DECIMALS} decimals")]
    TooFine,
    #[error("must be at most 9223372036854.775807")]
    TooLarge,
}

impl Money {
    pub const ZERO: Self = Self(0);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The sum, or `None` when it exceeds `i64`.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(MoneyError::TooFine);
        }
        let micros =
            format!("{fraction:0<DECIMALS$}").parse::<i64>().map_err(|_digits| MoneyError::TooLarge)?;
        let sign = if negative { -1 } else { 1 };
        whole
            .parse::<i64>()
            .ok()
            .and_then(|units| units.checked_mul(MICROS_PER_UNIT))
            .and_then(|units| units.checked_add(micros))
            .map(|total| Self(sign * total))
            .ok_or(MoneyError::TooLarge)
    }
}

/// At least two decimals, at most six: `100.00`, `0.0045`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (units, micros) =
            (magnitude / MICROS_PER_UNIT.unsigned_abs(), magnitude % MICROS_PER_UNIT.unsigned_abs());
        let decimals = format!("{micros:06}");
        let shown = decimals.trim_end_matches('0');
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{units}.{shown:0<2}")
    }
}

/// A decimal string: most clients read a JSON number as a float.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A JSON number or a decimal string, read from its digits, without a float in between.
impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let digits = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        digits.parse().map_err(D::Error::custom)
    }
}

/// A decimal string alone, for members of an enum with a tag inside: serde reads those from its own buffer, which has no digits of
/// a number any more.
pub mod as_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::Money;

    pub fn serialize<S: Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
        money.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;

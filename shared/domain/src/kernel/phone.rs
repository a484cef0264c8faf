//! Phone numbers in E.164 (ITU-T), as they are sent to Meta and identify a contact.

use std::fmt;
use std::ops::RangeInclusive;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Digits of a number with its country code: at most 15 in E.164, and a subscriber's has at least 5.
const DIGITS: RangeInclusive<usize> = 5..=15;
/// Longer texts are refused unread.
pub const SPELLING_CHARS_MAX: usize = 40;

/// A number that is *possible* under its country's numbering plan (right length), but perhaps not assigned.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PhoneNumber(String);

/// Why a text is not a phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PhoneError {
    #[error("must start with + and a country code, such as +15551234567")]
    NoCountryCode,
    /// Alphabetic characters, too many characters, or an unknown country code.
    #[error("is not a phone number")]
    Malformed,
    #[error("has the wrong number of digits for its country")]
    Impossible,
}

impl PhoneNumber {
    /// Reads any usual spelling (`+1 (555) 123-4567`, `0049 30 …`) and normalises it to `+` and digits.
    pub fn parse(spelling: &str) -> Result<Self, PhoneError> {
        let trimmed = spelling.trim();
        if trimmed.chars().count() > SPELLING_CHARS_MAX
            || trimmed.chars().any(|c| c.is_alphabetic() || c.is_control())
        {
            return Err(PhoneError::Malformed);
        }
        let international = match trimmed.strip_prefix("00") {
            Some(rest) => format!("+{rest}"),
            None => trimmed.to_owned(),
        };
        if !international.starts_with('+') {
            return Err(PhoneError::NoCountryCode);
        }
        let e164 = normalised(&international)?;
        // Parsing drops one trunk zero. A spelling with several would give another number each time it is parsed, and one
        // person would become two contacts.
        if normalised(&e164)? == e164 { Ok(Self(e164)) } else { Err(PhoneError::Malformed) }
    }

    /// A number as Meta writes it, in digits with the country code, not yet checked against a numbering plan.
    pub fn of_digits(digits: &str) -> Option<Self> {
        let is_valid = DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_valid.then(|| Self(format!("+{digits}")))
    }

    /// Parsed like any other spelling, as a contact's number is. A number that no plan knows stays as it is.
    #[must_use]
    pub fn normalised(self) -> Self {
        Self::parse(&self.0).unwrap_or(self)
    }

    /// A number that was normalised before it was stored.
    pub fn from_stored(e164: String) -> Self {
        Self(e164)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone, as Meta's statuses write them.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

fn normalised(international: &str) -> Result<String, PhoneError> {
    let number = PHONE_NUMBER_UTIL.parse(international, None).map_err(|_spelling| PhoneError::Malformed)?;
    if !PHONE_NUMBER_UTIL.is_possible_number(&number) {
        return Err(PhoneError::Impossible);
    }
    let e164 = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned();
    // A country's plan may have numbers that cannot be dialled from abroad. The plus is not a digit.
    if DIGITS.contains(&(e164.len().saturating_sub(1))) { Ok(e164) } else { Err(PhoneError::Impossible) }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_spellings_become_e164() {
        for (spelling, e164) in [
            ("+15551234567", "+15551234567"),
            ("+1 (555) 987-6543", "+15559876543"),
            ("0049 30 123456", "+4930123456"),
            (" +44 20 7946 0018 ", "+442079460018"),
            ("+15550000004", "+15550000004"),
        ] {
            assert_eq!(
                PhoneNumber::parse(spelling).map(|p| p.to_string()),
                Ok(e164.to_owned()),
                "{spelling}"
            );
        }
    }

    #[test]
    fn a_number_as_meta_writes_it_is_the_contact_that_was_imported() {
        for (digits, imported) in [("15551234567", "+1 555 123 4567"), ("442079460018", "0044 20 7946 0018")]
        {
            let received = PhoneNumber::of_digits(digits).unwrap().normalised();
            assert_eq!(received, PhoneNumber::parse(imported).unwrap());
        }
        assert_eq!(
            PhoneNumber::of_digits("99999").unwrap().normalised().as_str(),
            "+99999",
            "no plan has it"
        );
        for text in ["", "1234", "1234567890123456", "+15551234567", "1555a123456"] {
            assert_eq!(PhoneNumber::of_digits(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_refused() {
        for (spelling, error) in [
            ("5551234567", PhoneError::NoCountryCode),
            ("", PhoneError::NoCountryCode),
            ("+1", PhoneError::Malformed),
            ("+1555123456789012", PhoneError::Impossible),
            ("+49 123456789012345", PhoneError::Impossible),
            ("+49 12", PhoneError::Impossible),
            ("+1555CALLNOW", PhoneError::Malformed),
            ("+1555\u{0}1234567", PhoneError::Malformed),
            ("++6100151115", PhoneError::Malformed),
        ] {
            assert_eq!(PhoneNumber::parse(spelling), Err(error), "{spelling}");
        }
    }

    proptest::proptest! {
        /// The fuzz target `phone`, bounded.
        #[test]
        fn parsing_a_parsed_number_changes_nothing(
            spelling in "([+]|00)[0-9 ()/.-]{3,24}|[+]{0,3}[0-9]{0,17}|.{0,24}",
        ) {
            if let Ok(number) = PhoneNumber::parse(&spelling) {
                assert_eq!(PhoneNumber::parse(number.as_str()).as_ref(), Ok(&number), "{spelling}");
                assert!(number.as_str().strip_prefix('+').is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit())));
            }
        }
    }
}

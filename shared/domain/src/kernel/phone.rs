//! Phone numbers in E.164 (ITU-T), as they are sent to Meta and identify a contact.

mod spellings;

use std::fmt;
use std::ops::RangeInclusive;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kernel::text;
use spellings::{RENUMBERED, rewrite};

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
    /// Characters that no number has, too many characters, or an unknown country code.
    #[error("is not a phone number")]
    Malformed,
    /// WhatsApp reaches a number and nothing behind it.
    #[error("must be without an extension")]
    Extension,
    #[error("has the wrong number of digits for its country")]
    Impossible,
}

impl PhoneNumber {
    /// Reads any usual spelling (`+1 (555) 123-4567`, `0049 30 …`, digits of any script, and what a copied text hides
    /// among them) and normalises it to `+` and digits.
    pub fn parse(spelling: &str) -> Result<Self, PhoneError> {
        let written = international(spelling)?;
        let e164 = normalised(&written).or_else(|error| {
            // A spelling that its country does not have any more cannot be called: it becomes the one of today.
            let newest = Self(written.clone()).identity();
            if newest.0 == written { Err(error) } else { normalised(&newest.0) }
        })?;
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

    /// The spelling that all [`spellings`](Self::spellings) of the number share: the newest one.
    #[must_use]
    pub fn identity(&self) -> Self {
        let newer =
            RENUMBERED.iter().find_map(|(older, newer, _source)| rewrite(self.digits(), older, newer));
        newer.map_or_else(|| self.clone(), |digits| Self(format!("+{digits}")))
    }

    /// Every way to write the number of this person, this one among them, the newest first. What is said of one of them
    /// is true of all.
    pub fn spellings(&self) -> Vec<Self> {
        let identity = self.identity();
        let older = RENUMBERED.iter().filter_map(|(older, newer, _source)| {
            rewrite(identity.digits(), newer, older).map(|digits| Self(format!("+{digits}")))
        });
        let older: Vec<Self> = older.collect();
        std::iter::once(identity).chain(older).collect()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone, as Meta's statuses write them.
    pub fn digits(&self) -> &str {
        self.0.trim_start_matches('+')
    }
}

/// Starts an extension or a second number: pauses and waits that a telephone dials, and what people write before one.
const EXTENSION_SIGNS: [char; 9] = ['#', '\u{FF03}', ',', '\u{FF0C}', ';', '\u{FF1B}', '~', '\u{FF5E}', '*'];
const PLUSES: [char; 4] = ['+', '\u{FF0B}', '\u{FE62}', '\u{207A}'];
/// Between the digits of a number, beside spaces and dashes.
const SEPARATORS: [char; 16] = [
    '(', ')', '\u{FF08}', '\u{FF09}', '[', ']', '\u{FF3B}', '\u{FF3D}', '.', '\u{FF0E}', '/', '\u{FF0F}',
    '\u{B7}', '\u{2022}', '\u{2212}', '\u{30FC}',
];

/// A plus and the digits of a spelling, or why it is none. Nothing but separators is left out: an extension that was cut
/// off would leave the number of a switchboard.
fn international(spelling: &str) -> Result<String, PhoneError> {
    let seen: String = spelling.chars().filter(|c| c.is_control() || !text::is_hidden(*c)).collect();
    let trimmed = seen.trim();
    if trimmed.chars().count() > SPELLING_CHARS_MAX {
        return Err(PhoneError::Malformed);
    }
    let mut number = String::new();
    for (at, c) in trimmed.char_indices() {
        if let Some(digit) = text::digit(c).and_then(|value| char::from_digit(value, 10)) {
            number.push(digit);
        } else if PLUSES.contains(&c) && number.chars().all(|c| c == '+') {
            "+".clone_into(&mut number);
        } else if !is_separator(c) {
            let is_extension =
                number.len() > *DIGITS.start() && is_extension(trimmed.get(at..).unwrap_or_default());
            return Err(if is_extension { PhoneError::Extension } else { PhoneError::Malformed });
        }
    }
    if let Some(rest) = number.strip_prefix("00") {
        return Ok(format!("+{rest}"));
    }
    if number.starts_with('+') { Ok(number) } else { Err(PhoneError::NoCountryCode) }
}

fn is_separator(c: char) -> bool {
    (c.is_whitespace() && !c.is_control()) || text::is_dash(c) || SEPARATORS.contains(&c)
}

/// Whether what follows a number is a sign or a word, and digits.
fn is_extension(rest: &str) -> bool {
    let begins = rest.starts_with(|c: char| c.is_alphabetic() || EXTENSION_SIGNS.contains(&c));
    begins && rest.chars().next_back().is_some_and(|last| text::digit(last).is_some())
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
            ("\u{202a}+4915112345601\u{202c}", "+4915112345601"),
            ("\u{feff}+4915112345602", "+4915112345602"),
            ("\u{200e}+49 151\u{200b}12345603\u{2069}", "+4915112345603"),
            ("\u{ff0b}\u{ff14}\u{ff19} \u{ff11}\u{ff15}\u{ff11}\u{ff0d}12345604", "+4915112345604"),
            ("+\u{664}\u{669}\u{a0}151\u{2009}1234\u{2011}5605", "+4915112345605"),
            ("(+49) 151 12345606", "+4915112345606"),
            ("+49 (0)151 / 12345607\r", "+4915112345607"),
            ("+49\u{2013}151\u{2212}12345608", "+4915112345608"),
            ("+52 1 55 1234 5678", "+525512345678"),
            ("+225 08 06 07 09", "+2250708060709"),
            ("+229 97 00 00 00", "+22997000000"),
            ("+54 11 15 2345 6789", "+5491123456789"),
            ("+54 11 2345 6789", "+541123456789"),
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
            ("+49151\t12345601", PhoneError::Malformed),
            ("+4915112345601+4915112345602", PhoneError::Malformed),
            ("+4915112345601!", PhoneError::Malformed),
            ("*+4915112345601", PhoneError::Malformed),
            ("+15551234602,", PhoneError::Malformed),
            ("+1 555 123 4600 # 89", PhoneError::Extension),
            ("+15551234602,89", PhoneError::Extension),
            ("+15551234602;89", PhoneError::Extension),
            ("+15551234602;ext=89", PhoneError::Extension),
            ("+15551234602~89", PhoneError::Extension),
            ("+15551234602x89", PhoneError::Extension),
            ("+1 555 123 4602 ext. 89", PhoneError::Extension),
            ("+15551234602p89", PhoneError::Extension),
            ("+15551234602w89", PhoneError::Extension),
            ("+1 555 123 4602 \u{434}\u{43e}\u{431} 89", PhoneError::Extension),
            ("+1 555 123 4602 \u{ff03}\u{ff18}", PhoneError::Extension),
        ] {
            assert_eq!(PhoneNumber::parse(spelling), Err(error), "{spelling}");
        }
    }

    /// Written as files and Meta write it; each line is one person.
    const SAME: [&[&str]; 12] = [
        &["+5511987650001", "+551187650001"],
        &["+5531996880001", "+553196880001"],
        &["+525512345678", "+5215512345678"],
        &["+541123456789", "+5491123456789"],
        &["+542214567890", "+5492214567890"],
        &["+2290197000000", "+22997000000"],
        &["+2250708060709", "+22508060709"],
        &["+2250506060709", "+22506060709"],
        &["+2250143060701", "+22543060701"],
        &["+24162123456", "+24102123456", "+2412123456"],
        &["+84321234567", "+841621234567"],
        &["+84791234567", "+841211234567"],
    ];

    #[test]
    fn every_spelling_of_a_number_has_one_identity() {
        for same in SAME {
            for spelling in same {
                let number = PhoneNumber::from_stored((*spelling).to_owned());
                assert_eq!(number.identity().as_str(), same[0], "{spelling}");
                let spellings = number.spellings();
                assert_eq!(spellings.iter().map(PhoneNumber::as_str).collect::<Vec<_>>(), same, "{spelling}");
            }
        }
    }

    #[test]
    fn a_number_that_could_be_another_persons_has_one_spelling() {
        for number in [
            "+551133330000",
            "+5511943210000",
            "+551143210000",
            "+551178650001",
            "+5511978650001",
            "+558001234567",
            "+22921300000",
            "+2290121300000",
            "+22520300000",
            "+2252720300000",
            "+24111123456",
            "+4915112345601",
            "+15551234567",
            "+548001234567",
        ] {
            let number = PhoneNumber::from_stored(number.to_owned());
            assert_eq!(number.spellings(), std::slice::from_ref(&number), "{number}");
        }
    }

    fn is_landline(number: &str) -> bool {
        let parsed = PHONE_NUMBER_UTIL.parse(number, None).unwrap();
        matches!(PHONE_NUMBER_UTIL.get_number_type(&parsed), rlibphonenumber::PhoneNumberType::FixedLine)
    }

    proptest::proptest! {
        #[test]
        fn spellings_are_symmetric_and_their_identity_is_its_own(
            digits in "(55[1-9][1-9]|52|521|54|549|229|22901|225|2250[157]|241|2410|84|841)[0-9]{7,10}",
        ) {
            let number = PhoneNumber::from_stored(format!("+{digits}"));
            let (identity, spellings) = (number.identity(), number.spellings());
            assert_eq!(identity.identity(), identity, "{number}");
            assert!(spellings.contains(&number), "{number}");
            for other in &spellings {
                assert_eq!((other.identity(), other.spellings()), (identity.clone(), spellings.clone()), "{number}");
            }
        }

        /// Argentina and Mexico have landlines and mobiles in one range: there a landline is its own identity.
        #[test]
        fn a_landline_keeps_its_number(
            digits in "(55[1-9][1-9]|52|54|229|22901|225|2252[157]|241|2411|84)[0-9]{7,10}",
        ) {
            let number = PhoneNumber::from_stored(format!("+{digits}"));
            if PhoneNumber::parse(number.as_str()).as_ref() == Ok(&number) && is_landline(number.as_str()) {
                assert_eq!(number.identity(), number);
            }
        }

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

//! Checks of texts that people type, each naming the field it is about.

use domain::limits::NAME_CHARS_MAX;
use thiserror::Error;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} {why}")]
pub struct FieldError {
    /// The field as the caller wrote it, such as `contacts[3].phone`.
    pub field: String,
    /// What is wrong, as words that follow the field's name.
    pub why: String,
}

impl FieldError {
    /// A field and what is wrong with it.
    pub fn new(field: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self { field: field.into(), why: why.to_string() }
    }
}

/// A name of a person, a business or a plan: trimmed, visible, not too long.
pub fn name(field: &str, text: &str) -> Result<String, FieldError> {
    let trimmed = text.trim();
    let fits = !trimmed.is_empty()
        && trimmed.chars().count() <= NAME_CHARS_MAX
        && !trimmed.chars().any(char::is_control);
    if fits {
        return Ok(trimmed.to_owned());
    }
    Err(FieldError::new(field, format!("must be 1 to {NAME_CHARS_MAX} visible characters")))
}

/// An e-mail address, lower-cased. Whether somebody reads it is found out by writing to it.
pub fn email(field: &str, text: &str) -> Result<String, FieldError> {
    const CHARS_MAX: usize = 254;
    let lower = text.trim().to_lowercase();
    let parts = lower.split_once('@');
    let fits = lower.chars().count() <= CHARS_MAX
        && !lower.chars().any(|c| c.is_whitespace() || c.is_control())
        && parts.is_some_and(|(local, host)| {
            !local.is_empty()
                && !host.contains('@')
                && host.split('.').count() >= 2
                && host.split('.').all(|l| !l.is_empty())
        });
    if fits { Ok(lower) } else { Err(FieldError::new(field, "must be an e-mail address")) }
}

/// A tenant's name in addresses.
pub fn slug(field: &str, text: &str) -> Result<String, FieldError> {
    const CHARS_MAX: usize = 63;
    let fits = text.len() <= CHARS_MAX
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
    if fits {
        return Ok(text.to_owned());
    }
    Err(FieldError::new(
        field,
        format!("must be 1 to {CHARS_MAX} lower-case letters, digits and single dashes"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_trimmed_and_what_cannot_be_is_named() {
        assert_eq!(name("name", " Ann "), Ok("Ann".to_owned()));
        assert_eq!(email("email", " Admin@Acme.com"), Ok("admin@acme.com".to_owned()));
        assert_eq!(slug("slug", "acme-corp"), Ok("acme-corp".to_owned()));
        for text in ["", "  ", "a\u{7}b"] {
            assert!(name("name", text).is_err(), "{text:?}");
        }
        for text in ["", "a", "@b.c", "a@b", "a@b..c", "a b@c.d", "a@b@c.d"] {
            assert!(email("email", text).is_err(), "{text:?}");
        }
        for text in ["", "-a", "a--b", "A", "a_b", "é"] {
            assert!(slug("slug", text).is_err(), "{text:?}");
        }
    }
}

//! Checks of texts that people type, each naming the field it is about.

use domain::limits::{EMAIL_CHARS_MAX, NAME_CHARS_MAX, SLUG_CHARS_MAX};
use domain::problem::FieldError;
use domain::text::is_visible;
use email_address::EmailAddress;

/// Whether a text of a message has at most this many characters and no control character, such as a line break, among
/// them. What else it shows or hides is for its reader.
pub fn is_one_line(text: &str, chars_max: usize) -> bool {
    text.chars().count() <= chars_max && !text.chars().any(char::is_control)
}

/// A name: trimmed, 1 to `chars_max` visible characters.
pub fn name_within(field: &str, text: &str, chars_max: usize) -> Result<String, FieldError> {
    let trimmed = text.trim();
    if is_visible(trimmed, chars_max) {
        return Ok(trimmed.to_owned());
    }
    Err(FieldError::new(field, format!("must be 1 to {chars_max} visible characters")))
}

/// A name of a person or a business.
pub fn name(field: &str, text: &str) -> Result<String, FieldError> {
    name_within(field, text, NAME_CHARS_MAX)
}

/// An e-mail address, lower-cased, that an e-mail can be written to: the mailer checks with the same two crates. Only sending
/// to it shows whether it exists.
pub fn email(field: &str, text: &str) -> Result<String, FieldError> {
    let lower = text.trim().to_lowercase();
    let parts = lower.split_once('@');
    let fits = lower.chars().count() <= EMAIL_CHARS_MAX
        && !lower.chars().any(|c| c.is_whitespace() || c.is_control())
        && parts.is_some_and(|(local, host)| is_local_part(local) && is_host(host));
    if fits { Ok(lower) } else { Err(FieldError::new(field, "must be an e-mail address")) }
}

/// Letters, digits and the signs of RFC 5322's `atext`, not quoted.
fn is_local_part(local: &str) -> bool {
    !local.contains('"') && EmailAddress::is_valid_local_part(local)
}

/// A name of at least two labels, and not an address in brackets. Characters that no name may have, such as one that reverses
/// the direction of what follows, cannot be written in ASCII.
fn is_host(host: &str) -> bool {
    let ascii = idna::domain_to_ascii(host);
    let is_valid = |ascii: String| !ascii.starts_with('[') && EmailAddress::is_valid_domain(&ascii);
    host.split('.').count() >= 2
        && host.split('.').all(|label| !label.is_empty())
        && ascii.is_ok_and(is_valid)
}

/// A tenant's name in addresses.
pub fn slug(field: &str, text: &str) -> Result<String, FieldError> {
    let fits = text.len() <= SLUG_CHARS_MAX
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        });
    if fits {
        return Ok(text.to_owned());
    }
    Err(FieldError::new(
        field,
        format!("must be 1 to {SLUG_CHARS_MAX} lower-case letters, digits and single dashes"),
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
        assert_eq!(
            name_within("name", " \u{e9}\u{e9} ", 2),
            Ok("\u{e9}\u{e9}".to_owned()),
            "characters, not bytes"
        );
        assert!(name_within("name", "abc", 2).is_err());
        for text in ["", "  ", "a\u{7}b", "\u{200b}", "Ann\u{202e}nnA", "Ad\u{200b}min", "\u{3164}"] {
            assert!(name("name", text).is_err(), "{text:?}");
        }
        assert_eq!(email("email", "o'neil+x@b\u{fc}cher.de"), Ok("o'neil+x@b\u{fc}cher.de".to_owned()));
        for text in [
            "",
            "a",
            "@b.c",
            "a@b",
            "a@b..c",
            "a b@c.d",
            "a@b@c.d",
            "a,b@x.com",
            "<a>@x.com",
            "\"a\"@x.com",
            "boss@b\u{202e}.com",
            "a\u{200b}dmin@acme.com",
            "a@[127.0.0.1]",
        ] {
            assert!(email("email", text).is_err(), "{text:?}");
        }
        for text in ["", "-a", "a--b", "A", "a_b", "é"] {
            assert!(slug("slug", text).is_err(), "{text:?}");
        }
    }
}

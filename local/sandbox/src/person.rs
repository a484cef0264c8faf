//! How people are named: by a phone number or by a business-scoped user id.

/// A phone number in any notation as plus and digits. One without plus is taken to begin with its country code.
pub(crate) fn e164(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("+{digits}")
}

/// A phone number in any notation, or a business-scoped user id.
pub(crate) fn person(input: &str) -> String {
    if input.contains('.') { input.to_owned() } else { e164(input) }
}

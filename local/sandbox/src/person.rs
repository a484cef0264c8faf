//! How people are named: by a phone number or by a business-scoped user id.

/// A number in any spelling as plus and digits. A number without plus is taken as complete.
pub(crate) fn e164(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("+{digits}")
}

/// A person by a number in any spelling or by a business-scoped user id.
pub(crate) fn person(input: &str) -> String {
    if input.contains('.') { input.to_owned() } else { e164(input) }
}

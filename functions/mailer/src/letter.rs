//! The letters that people get.

use lettre::Message;
use lettre::message::header::ContentType;

use crate::transport::TransportError;

/// A new tenant's owner is welcomed with a link to choose a password; a password is never mailed.
pub(crate) fn welcome(
    from: &str,
    to: &str,
    tenant_name: &str,
    link: &str,
) -> Result<Message, TransportError> {
    let text = format!(
        "Hello,\n\n\
         {tenant_name} is ready. Your login is this e-mail address.\n\
         Choose your password here; the link works once, for three days:\n\n\
         {link}\n"
    );
    let unaddressable = |error: lettre::address::AddressError| TransportError::Letter(error.to_string());
    Message::builder()
        .from(from.parse().map_err(unaddressable)?)
        .to(to.parse().map_err(unaddressable)?)
        .subject(format!("Welcome to Tidings, {tenant_name}"))
        .header(ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| TransportError::Letter(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letter_holds_the_link_and_its_names_cannot_add_headers() {
        let letter = welcome("a@tidings.test", "o@acme.com", "Acme\r\nBcc: x@y.z", "http://h/?s=1").unwrap();
        let text = String::from_utf8(letter.formatted()).unwrap();
        assert!(text.contains("http://h/?s=1"), "{text}");
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc:")), "{headers}");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        assert!(matches!(
            welcome("a@tidings.test", "no address", "Acme", "l"),
            Err(TransportError::Letter(_))
        ));
    }
}

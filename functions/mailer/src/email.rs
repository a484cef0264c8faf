//! The e-mails that people get. Each holds a link to choose a password; a password is never mailed.

use lettre::Message;
use lettre::address::{Address, AddressError};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;

use crate::transport::TransportError;

/// Whether e-mails can be written with this sender.
pub fn check_sender(from: &str) -> Result<(), String> {
    from.parse::<Mailbox>().map(drop).map_err(|error| error.to_string())
}

/// An e-mail before it has an address and a link.
pub(crate) struct Email {
    subject: String,
    opening: String,
}

impl Email {
    /// For the owner of a new tenant.
    pub(crate) fn welcome(tenant_name: &str) -> Self {
        Self {
            subject: format!("Welcome to Tidings, {tenant_name}"),
            opening: format!("The account of {tenant_name} is ready."),
        }
    }

    /// For a new user of an account that exists.
    pub(crate) fn invitation() -> Self {
        Self {
            subject: "You have been invited to Tidings".to_owned(),
            opening: "You have been invited to Tidings.".to_owned(),
        }
    }

    pub(crate) fn message(&self, from: &str, to: &str, link: &str) -> Result<Message, TransportError> {
        let text = format!(
            "Hello,\n\n\
             {} Your login is this e-mail address.\n\
             Choose your password here; the link works once, for three days:\n\n\
             {link}\n",
            self.opening
        );
        let not_written = |error: &dyn std::error::Error| TransportError::NotWritten(error.to_string());
        Message::builder()
            .from(from.parse().map_err(|error: AddressError| not_written(&error))?)
            .to(Mailbox::new(None, to.parse::<Address>().map_err(|error| not_written(&error))?))
            .subject(self.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| not_written(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: &str = "a@tidings.test";

    fn text_of(email: &Email) -> String {
        let message = email.message(FROM, "o@acme.com", "http://h/?s=1").unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    #[test]
    fn the_email_holds_the_link_and_its_names_cannot_add_headers() {
        let text = text_of(&Email::welcome("Acme\r\nBcc: x@y.z"));
        assert!(text.contains("http://h/?s=1"), "{text}");
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc:")), "{headers}");
    }

    #[test]
    fn a_user_who_is_invited_is_not_welcomed_as_a_tenant() {
        let text = text_of(&Email::invitation());
        assert!(
            text.contains("You have been invited to Tidings.") && text.contains("http://h/?s=1"),
            "{text}"
        );
        assert!(!text.contains("Welcome") && !text.contains("ready"), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn an_address_that_is_taken_at_input_can_be_written_to(
            text in "[!-~\u{e9}\u{202e}]{1,12}@[!-~\u{e9}\u{202e}]{1,8}\\.[a-z\u{e9}]{2,3}",
            plain in "[a-z0-9.+_'-]{1,9}@[a-z0-9\u{e0}-\u{17f}.-]{1,9}\\.[a-z]{2,3}",
        ) {
            for address in [text, plain] {
                if let Ok(address) = ops::kernel::fields::email("email", &address) {
                    let written = Email::invitation().message(FROM, &address, "l");
                    proptest::prop_assert!(written.is_ok(), "{address}: {written:?}");
                }
            }
        }
    }

    #[test]
    fn an_address_that_is_not_one_is_refused_for_good() {
        let refused = Email::welcome("Acme").message(FROM, "no address", "l").unwrap_err();
        assert!(matches!(refused, TransportError::NotWritten(_)) && refused.is_final());
    }
}

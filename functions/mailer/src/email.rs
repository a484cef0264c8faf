//! The e-mails that people get. A password is never mailed, and what only the recipient may do is behind a link.

use domain::access::email::EmailKind;
use lettre::Message;
use lettre::address::{Address, AddressError};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use ops::access::mailing::Draft;

use crate::transport::TransportError;

/// Whether e-mails can be written with this sender.
pub fn check_sender(from: &str) -> Result<(), String> {
    from.parse::<Mailbox>().map(drop).map_err(|error| error.to_string())
}

/// Who sends e-mails, and where their links lead.
#[derive(Clone, Debug)]
pub struct Sender {
    /// The address that e-mails come from.
    pub from: String,
    /// The public address of the API, without a slash at its end.
    pub public_url: String,
}

struct Words {
    subject: String,
    text: String,
}

/// The secret of a link stands behind `#`, which browsers do not send to servers.
fn words(draft: &Draft, public_url: &str) -> Words {
    let password = format!("{public_url}/auth/set-password#{}", draft.secret);
    let verify = format!("{public_url}/auth/verify-email#{}", draft.secret);
    let tenant = &draft.tenant_name;
    let (subject, text) = match draft.kind {
        EmailKind::Welcome => (
            format!("Welcome to Tidings, {tenant}"),
            format!(
                "The account of {tenant} is ready. Your login is this e-mail address.\n\
                 Choose your password here; the link works once, for three days:\n\n{password}\n"
            ),
        ),
        EmailKind::Invitation => (
            "You have been invited to Tidings".to_owned(),
            format!(
                "You have been invited to Tidings. Your login is this e-mail address.\n\
                 Choose your password here; the link works once, for three days:\n\n{password}\n"
            ),
        ),
        EmailKind::Proof => (
            "Confirm your e-mail address for Tidings".to_owned(),
            format!(
                "This address was given for the account of {tenant}. If you did that, confirm it here;\n\
                 the link works once, for three days:\n\n{verify}\n\n\
                 If you did not, do nothing: without the confirmation the account cannot send.\n"
            ),
        ),
        EmailKind::PasswordReset => (
            "Choose another password for Tidings".to_owned(),
            format!(
                "Another password was asked for, for the login with this e-mail address.\n\
                 Choose it here; the link works once, for an hour:\n\n{password}\n\n\
                 If you did not ask for it, do nothing: your password stays as it is.\n"
            ),
        ),
        EmailKind::PasswordChanged => (
            "Your password was changed".to_owned(),
            format!(
                "The password of your login to {tenant} was changed, and every session was ended.\n\
                 If you did not do that, ask for another password at once \
                 (POST {public_url}/auth/forgot-password)\nand ask the owner of the account for help.\n"
            ),
        ),
        EmailKind::ChangeToNew => (
            "Confirm your new e-mail address for Tidings".to_owned(),
            format!(
                "This address was chosen for a login to {tenant}. If you did that, confirm it here;\n\
                 the link works once, for a day, and the address before has to confirm too:\n\n{verify}\n\n\
                 If you did not, do nothing: nothing is changed.\n"
            ),
        ),
        EmailKind::ChangeFromOld => (
            "Your e-mail address is to be changed".to_owned(),
            format!(
                "Another e-mail address was chosen for your login to {tenant}. If you did that, confirm it here;\n\
                 the link works once, for a day, and the new address has to confirm too:\n\n{verify}\n\n\
                 If you did not do that, stop it here, and choose another password:\n\n{verify}&stop\n"
            ),
        ),
    };
    Words { subject, text: format!("Hello,\n\n{text}") }
}

impl Sender {
    pub(crate) fn message(&self, draft: &Draft) -> Result<Message, TransportError> {
        let Words { subject, text } = words(draft, &self.public_url);
        self.write(&draft.recipient, subject, text)
    }

    /// A subject cannot add headers, whatever names are in it.
    pub(crate) fn write(&self, to: &str, subject: String, text: String) -> Result<Message, TransportError> {
        let not_written = |error: &dyn std::error::Error| TransportError::NotWritten(error.to_string());
        Message::builder()
            .from(self.from.parse().map_err(|error: AddressError| not_written(&error))?)
            .to(Mailbox::new(None, to.parse::<Address>().map_err(|error| not_written(&error))?))
            .subject(subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| not_written(&error))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::{EmailId, TenantId};
    use jiff::Timestamp;

    use super::*;

    pub(crate) fn sender() -> Sender {
        Sender { from: "a@tidings.test".to_owned(), public_url: "http://h".to_owned() }
    }

    pub(crate) fn draft(kind: EmailKind, tenant_name: &str, to: &str) -> Draft {
        let now = Timestamp::UNIX_EPOCH;
        Draft {
            email_id: EmailId::at(now),
            kind,
            tenant_id: TenantId::at(now),
            tenant_name: tenant_name.to_owned(),
            recipient: to.to_owned(),
            secret: "s1".to_owned(),
        }
    }

    fn text_of(draft: &Draft) -> String {
        String::from_utf8(sender().message(draft).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_name_cannot_add_headers() {
        for kind in EmailKind::ALL {
            let text = text_of(&draft(kind, "Acme\r\nBcc: x@y.z", "o@acme.com"));
            let (headers, _) = text.split_once("\r\n\r\n").unwrap();
            assert!(!headers.lines().any(|line| line.starts_with("Bcc:")), "{headers}");
        }
    }

    #[test]
    fn each_e_mail_has_a_subject_of_its_own_and_the_link_that_it_is_about() {
        let mut subjects = std::collections::BTreeSet::new();
        for kind in EmailKind::ALL {
            let Words { subject, text } = words(&draft(kind, "Acme", "o@acme.com"), "http://h");
            let link = match kind {
                EmailKind::Welcome | EmailKind::Invitation | EmailKind::PasswordReset => {
                    "http://h/auth/set-password#s1"
                }
                EmailKind::Proof | EmailKind::ChangeToNew | EmailKind::ChangeFromOld => {
                    "http://h/auth/verify-email#s1"
                }
                EmailKind::PasswordChanged => "http://h/auth/forgot-password",
            };
            assert!(text.contains(link), "{kind}: {text}");
            assert_eq!(text.contains("s1"), kind != EmailKind::PasswordChanged, "{kind}");
            assert_eq!(text.contains("&stop"), kind == EmailKind::ChangeFromOld, "{kind}");
            assert!(subjects.insert(subject), "{kind}");
        }
    }

    #[test]
    fn a_user_who_is_invited_is_not_welcomed_as_a_tenant() {
        let text = text_of(&draft(EmailKind::Invitation, "Acme", "o@acme.com"));
        assert!(text.contains("You have been invited to Tidings."), "{text}");
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
                    let written = sender().message(&draft(EmailKind::Invitation, "Acme", &address));
                    proptest::prop_assert!(written.is_ok(), "{address}: {written:?}");
                }
            }
        }
    }

    #[test]
    fn an_address_that_is_not_one_is_refused_for_good() {
        let refused = sender().message(&draft(EmailKind::Welcome, "Acme", "no address")).unwrap_err();
        assert!(matches!(refused, TransportError::NotWritten(_)) && refused.is_final());
    }
}

//! The e-mail to a tenant's owners about the state of their account.

use domain::{TenantId, TenantState};
use lettre::Message;

use ops::billing::low_balance::owners;

use crate::transport::TransportError;
use crate::{MailError, Mailer, Sender};

/// Tells a tenant's owners what they may do from now on, if that changed.
pub(crate) async fn send(
    mailer: &Mailer,
    tenant: TenantId,
    (before, after): (TenantState, TenantState),
    reason: &str,
) -> Result<(), MailError> {
    let Some(owners) = owners(&mailer.platform, tenant).await? else { return Ok(()) };
    let Some(email) = StateEmail::of(&owners.tenant_name, (before, after), reason) else { return Ok(()) };
    for address in &owners.emails {
        mailer.transport.send(email.message(&mailer.sender, address)?).await?;
    }
    tracing::info!(%tenant, state = %after, count = owners.emails.len(), "The owners were written to about the state of their account.");
    Ok(())
}

pub(crate) struct StateEmail {
    subject: String,
    text: String,
}

impl StateEmail {
    /// `None` when nothing changes for the owners, or when there are none any more.
    pub(crate) fn of(
        tenant_name: &str,
        (before, after): (TenantState, TenantState),
        reason: &str,
    ) -> Option<Self> {
        let (subject, what) = match (before, after) {
            (_, TenantState::Grace) => (
                "will be suspended in 7 days",
                "Everything works for 7 more days. After that the account is suspended: it can be read, and nothing is \
                 changed or sent.",
            ),
            (_, TenantState::Suspended) => (
                "is suspended",
                "It can be read, and nothing is changed or sent. Messages that are due wait and are not lost; money for \
                 messages that fail still comes back.",
            ),
            (_, TenantState::Closed) => (
                "is closed",
                "It can be read for 30 days. After that its contacts, templates, texts and users are erased, and that \
                 cannot be undone.",
            ),
            (TenantState::Grace | TenantState::Suspended | TenantState::Closed, TenantState::Active) => {
                ("is active again", "Everything works, and messages that waited are sent.")
            }
            (_, TenantState::Active | TenantState::Trial | TenantState::Erased) => return None,
        };
        Some(Self {
            subject: format!("The account of {tenant_name} {subject}"),
            text: format!(
                "Hello,\n\n\
                 the account of {tenant_name} at Tidings {subject}.\n\
                 {what}\n\n\
                 The reason: {reason}\n\n\
                 If this is a mistake, write to the platform's owner.\n"
            ),
        })
    }

    fn message(&self, sender: &Sender, to: &str) -> Result<Message, TransportError> {
        sender.write(to, self.subject.clone(), self.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::tests::sender;

    fn text_of(change: (TenantState, TenantState)) -> Option<String> {
        let email = StateEmail::of("Acme\r\nBcc: x@y.z", change, "the invoice is not paid")?;
        let message = email.message(&sender(), "o@acme.com").unwrap();
        Some(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn owners_read_what_changes_for_them_and_why_and_a_name_adds_no_header() {
        use TenantState::{Active, Closed, Grace, Suspended, Trial};
        for (change, part) in [
            ((Active, Grace), "7 days"),
            ((Grace, Suspended), "is suspended"),
            ((Suspended, Closed), "30 days"),
            ((Closed, Active), "active again"),
            ((Trial, Suspended), "is suspended"),
        ] {
            let text = text_of(change).unwrap();
            assert!(text.contains(part) && text.contains("the invoice is not paid"), "{change:?}: {text}");
            let (headers, _) = text.split_once("\r\n\r\n").unwrap();
            assert!(!headers.lines().any(|line| line.starts_with("Bcc:")), "{headers}");
        }
    }

    #[test]
    fn nothing_is_written_about_the_first_credit_or_to_an_erased_tenant() {
        assert!(text_of((TenantState::Trial, TenantState::Active)).is_none());
        assert!(text_of((TenantState::Closed, TenantState::Erased)).is_none());
    }
}

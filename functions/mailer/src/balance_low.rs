//! The e-mail about a balance that runs low, to each of the tenant's owners.

use domain::{Money, TenantId};
use lettre::Message;
use ops::billing::low_balance::owners;

use crate::{MailError, Mailer, Sender, TransportError};

/// Writes to each owner. One whom the mail server refuses for good does not keep the e-mail from the others; that it was
/// refused is logged, because the next try would write to all of them again.
pub(crate) async fn send(
    mailer: &Mailer,
    tenant: TenantId,
    (threshold, balance): (Money, Money),
) -> Result<(), MailError> {
    let owners = owners(&mailer.platform, tenant).await?;
    let Some(owners) = owners.filter(|owners| !owners.emails.is_empty()) else {
        tracing::info!(%tenant, "The balance is low, and the tenant has no owner to write to.");
        return Ok(());
    };
    for to in &owners.emails {
        let sent = match written(&mailer.sender, to, &owners.tenant_name, (threshold, balance)) {
            Ok(message) => mailer.transport.send(message).await,
            Err(error) => Err(error),
        };
        match sent {
            Err(error) if error.is_final() && owners.emails.len() > 1 => {
                tracing::warn!(
                    error = domain::with_causes(&error),
                    %tenant,
                    "An owner could not be written to about a low balance."
                );
            }
            sent => sent?,
        }
    }
    tracing::info!(%tenant, count = owners.emails.len(), "The owners were written to about a low balance.");
    Ok(())
}

fn written(
    sender: &Sender,
    to: &str,
    tenant_name: &str,
    (threshold, balance): (Money, Money),
) -> Result<Message, TransportError> {
    let text = format!(
        "Hello,\n\n\
         The balance of {tenant_name} is {balance}, which is below {threshold}, an amount that you asked to be warned of.\n\
         Messages that the balance does not cover are not sent. Please have it topped up.\n\n\
         You get this e-mail once, and again when the balance has been topped up to {threshold} and falls below it later.\n"
    );
    sender.write(to, format!("The balance of {tenant_name} is below {threshold}"), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::tests::sender;

    #[test]
    fn the_e_mail_names_the_balance_and_the_threshold_and_a_name_cannot_add_headers() {
        let amounts = (Money::from_micros(50_000_000), Money::from_micros(49_988_000));
        let message = written(&sender(), "o@acme.com", "Acme\r\nBcc: x@y.z", amounts).unwrap();
        let text = String::from_utf8(message.formatted()).unwrap();
        assert!(text.contains("49.988") && text.contains("below 50.00"), "{text}");
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!headers.lines().any(|line| line.starts_with("Bcc:")), "{headers}");
    }
}

//! Asking for an e-mail within the transaction that it is about.

use domain::UserId;
use domain::access::email::EmailKind;
use domain::events::DomainEvent;
use store::{StoreError, TenantTx, emails, outbox};

/// Adds an e-mail and the event that has it sent. Its text and its link are made by the mailer.
pub async fn queue(
    tx: &TenantTx,
    kind: EmailKind,
    user: Option<UserId>,
    recipient: &str,
) -> Result<(), StoreError> {
    let email_id = emails::queue(tx, kind, user, recipient).await?;
    outbox::put(tx, &DomainEvent::EmailQueued { tenant_id: tx.tenant(), email_id }).await
}

//! The e-mails as the platform's owner sees them, and sending one again that was given up.

use domain::access::email::EmailState;
use domain::events::DomainEvent;
use domain::problem::Kind;
use domain::{EmailId, Problem};
use serde_json::json;
use store::audit_log::{self, NewEntry};
pub use store::emails::Email;
use store::{StoreError, SystemOperation, SystemTx, emails, outbox};
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::events::publish_soon;
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;

/// E-mails older than `before`, newest first; of one state, or of any.
pub async fn list(
    platform: &Platform,
    permit: &SuperAdmin,
    state: Option<EmailState>,
    (before, limit): (Uuid, i64),
) -> Result<Vec<Email>, StoreError> {
    let list = ListEmails { state, before, limit };
    platform.store.perform_system(&platform.system_act(permit), &list).await
}

one_statement! {
    const NAME: &'static str = "list_emails";
    system struct ListEmails { state: Option<EmailState>, before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<Email> { emails::list(tx, self.state, self.before, self.limit) }
}

#[derive(Debug, Error)]
pub enum RetryEmailError {
    #[error("there is no such e-mail")]
    NotFound,
    #[error("the e-mail was sent already")]
    Sent,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RetryEmailError> for Problem {
    fn from(error: RetryEmailError) -> Self {
        match error {
            RetryEmailError::NotFound => Self::new(Kind::NotFound).with_detail(error),
            RetryEmailError::Sent => Self::new(Kind::Conflict).with_detail(error),
            RetryEmailError::Store(error) => error.into(),
        }
    }
}

/// Queues an e-mail again that was given up. One that waits for its next try is left as it is, so that a call that is repeated
/// sends nothing twice.
pub async fn retry(platform: &Platform, permit: &SuperAdmin, id: EmailId) -> Result<Email, RetryEmailError> {
    let retried = platform.store.perform_system(&platform.system_act(permit), &RetryEmail { id }).await?;
    publish_soon(platform).await;
    Ok(retried)
}

struct RetryEmail {
    id: EmailId,
}

impl SystemOperation for RetryEmail {
    const NAME: &'static str = "retry_email";
    type Done = Email;
    type Error = RetryEmailError;

    async fn run(&self, tx: &SystemTx) -> Result<Email, RetryEmailError> {
        let email = emails::find(tx, self.id).await?.ok_or(RetryEmailError::NotFound)?;
        let of_tenant = &tx.as_tenant(email.tenant_id);
        if emails::again(of_tenant, self.id).await? {
            let event = DomainEvent::EmailQueued { tenant_id: email.tenant_id, email_id: self.id };
            outbox::put(of_tenant, &event).await?;
            let entry = NewEntry::new("email.retry", format!("email:{}", self.id), json!({}));
            audit_log::append(of_tenant, &entry).await?;
        }
        let email = emails::find(tx, self.id).await?.ok_or(RetryEmailError::NotFound)?;
        if email.state == EmailState::Sent { Err(RetryEmailError::Sent) } else { Ok(email) }
    }
}

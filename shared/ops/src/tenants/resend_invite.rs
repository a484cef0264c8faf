//! The platform's owner has a tenant's owner invited again, whose link was lost or has expired.

use domain::access::email::EmailKind;
use domain::events::DomainEvent;
use domain::problem::Kind;
use domain::{Problem, TenantId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::access::users;
use store::audit_log::{self, NewEntry};
use store::{StoreError, SystemOperation, SystemTx, emails, outbox};
use thiserror::Error;

use crate::kernel::events;
use crate::kernel::idempotent::{Key, KeyError, once_in_system};
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub owner_id: UserId,
    /// The invitation is sent to this address.
    pub owner_email: String,
}

#[derive(Debug, Error)]
pub enum ResendInviteError {
    #[error("there is no such tenant")]
    NoTenant,
    #[error("the owner has chosen a password already; the owner can log in with it")]
    HasPassword,
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ResendInviteError> for Problem {
    fn from(error: ResendInviteError) -> Self {
        match error {
            ResendInviteError::NoTenant => Self::new(Kind::NotFound).with_detail(error),
            ResendInviteError::HasPassword => Self::new(Kind::Conflict).with_detail(error),
            ResendInviteError::Key(error) => error.into(),
            ResendInviteError::Store(error) => error.into(),
        }
    }
}

/// Stores the event that sends the tenant's owner a new link, once per key. The link before it ends when the new one is made (I29).
pub async fn resend_invite(
    platform: &Platform,
    permit: &SuperAdmin,
    tenant: TenantId,
    key: Key,
) -> Result<Invited, ResendInviteError> {
    // The tenant is a part of the request that is not in its body.
    let resend = ResendInvite { tenant, key: key.also_for(tenant.0.as_bytes()) };
    let invited = platform.store.perform_system(&platform.system_act(permit), &resend).await?;
    events::publish_soon(platform).await;
    Ok(invited)
}

struct ResendInvite {
    tenant: TenantId,
    key: Key,
}

impl SystemOperation for ResendInvite {
    const NAME: &'static str = "resend_invite";
    type Done = Invited;
    type Error = ResendInviteError;

    async fn run(&self, tx: &SystemTx) -> Result<Invited, ResendInviteError> {
        once_in_system(tx, Some(&self.key), self.put(tx)).await
    }
}

impl ResendInvite {
    async fn put(&self, tx: &SystemTx) -> Result<Invited, ResendInviteError> {
        let tx = tx.as_tenant(self.tenant);
        let owner = users::find_owner(&tx).await?.ok_or(ResendInviteError::NoTenant)?;
        if owner.password_hash.is_some() {
            return Err(ResendInviteError::HasPassword);
        }
        let email_id = emails::queue(&tx, EmailKind::Invitation, Some(owner.user_id), &owner.email).await?;
        let event = DomainEvent::UserInvited {
            tenant_id: self.tenant,
            user_id: owner.user_id,
            email: owner.email.clone(),
            email_id: Some(email_id),
        };
        outbox::put(&tx, &event).await?;
        let entry = NewEntry::new("user.invite", format!("user:{}", owner.user_id), json!({}));
        audit_log::append(&tx, &entry).await?;
        Ok(Invited { owner_id: owner.user_id, owner_email: owner.email })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = r#"{"owner_id":"0190163d-8694-7001-8000-000000000002","owner_email":"admin@acme.com"}"#;
        assert_eq!(serde_json::from_str::<Invited>(stored).unwrap().owner_email, "admin@acme.com");
    }
}

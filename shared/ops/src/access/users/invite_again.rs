//! A user is invited again, whose link was lost or has expired.

use domain::access::email::EmailKind;
use domain::events::DomainEvent;
use domain::{TenantId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::access::users;
use store::audit_log::{self, NewEntry};
use store::{SystemOperation, SystemTx, TenantTx, emails, outbox};

use super::{UserError, manager};
use crate::kernel::events;
use crate::kernel::idempotent::{Key, once_in_system};
use crate::kernel::permit::UserWriter;
use crate::kernel::platform::Platform;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub user_id: UserId,
    /// The invitation is sent to this address.
    pub email: String,
}

/// Stores the event that sends the user a new link, once per key. The link before it ends when the new one is made (I29).
pub async fn invite_user_again(
    platform: &Platform,
    permit: &UserWriter,
    user: UserId,
    key: Key,
) -> Result<Invited, UserError> {
    // The user is a part of the request that is not in its body.
    let invite = InviteAgain { tenant: permit.tenant(), user, key: key.also_for(user.0.as_bytes()) };
    let invited = platform.store.perform_system(&platform.system_act(permit), &invite).await?;
    events::publish_soon(platform).await;
    Ok(invited)
}

struct InviteAgain {
    tenant: TenantId,
    user: UserId,
    key: Key,
}

impl SystemOperation for InviteAgain {
    const NAME: &'static str = "invite_user_again";
    type Done = Invited;
    type Error = UserError;

    async fn run(&self, tx: &SystemTx) -> Result<Invited, UserError> {
        once_in_system(tx, Some(&self.key), self.put(&tx.as_tenant(self.tenant))).await
    }
}

impl InviteAgain {
    async fn put(&self, tx: &TenantTx) -> Result<Invited, UserError> {
        manager(tx).await?;
        let user = users::find(tx, self.user).await?.ok_or(UserError::NotFound)?;
        if user.password_hash.is_some() {
            return Err(UserError::HasPassword);
        }
        let (tenant_id, user_id, email) = (self.tenant, user.user_id, user.email.clone());
        let email_id = Some(emails::queue(tx, EmailKind::Invitation, Some(user_id), &email).await?);
        outbox::put(tx, &DomainEvent::UserInvited { tenant_id, user_id, email, email_id }).await?;
        let entry = NewEntry::new("user.invite", format!("user:{user_id}"), json!({}));
        audit_log::append(tx, &entry).await?;
        Ok(Invited { user_id, email: user.email })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = r#"{"user_id":"0190163d-8694-7001-8000-000000000002","email":"bob@acme.com"}"#;
        assert_eq!(serde_json::from_str::<Invited>(stored).unwrap().email, "bob@acme.com");
    }
}

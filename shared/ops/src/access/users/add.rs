//! A user is added, and invited by e-mail to choose a password.

use domain::access::email::EmailKind;
use domain::access::manage::check_addition;
use domain::events::DomainEvent;
use domain::{Role, TenantId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::access::managed_users;
use store::access::users::{self, NewUser};
use store::audit_log::{self, NewEntry};
use store::{SystemOperation, SystemTx, TenantTx, emails, outbox};

use super::{ManagedUser, UserError, check_role, manager};
use crate::kernel::events;
use crate::kernel::fields;
use crate::kernel::idempotent::{Key, once_in_system};
use crate::kernel::permit::{Permit, UserWriter};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// A user who is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addition {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub may_approve: bool,
}

/// The user as it was added: what is stored with the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Added {
    user_id: UserId,
    email: String,
    name: String,
    role: Role,
    may_approve: bool,
    created_at: Timestamp,
}

impl From<Added> for ManagedUser {
    fn from(added: Added) -> Self {
        let Added { user_id, email, name, role, may_approve, created_at } = added;
        let (has_password, has_second_factor) = (false, false);
        Self { user_id, email, name, role, may_approve, has_password, has_second_factor, created_at }
    }
}

/// Adds a user, and stores the event that sends the invitation.
pub async fn add_user(
    platform: &Platform,
    permit: &UserWriter,
    user: Addition,
    key: Option<Key>,
) -> Result<ManagedUser, UserError> {
    let add = AddUser { tenant: permit.tenant(), user: check(&user)?, key };
    let added = platform.store.perform_system(&platform.system_act(permit), &add).await?;
    note(SecurityEvent::UserAdded, permit.caller().actor.user());
    events::publish_soon(platform).await;
    Ok(added.into())
}

fn check(user: &Addition) -> Result<Addition, UserError> {
    let email = fields::email("email", &user.email);
    let name = fields::name("name", &user.name);
    match (email, name, check_role(user.role)) {
        (Ok(email), Ok(name), Ok(role)) => Ok(Addition { email, name, role, may_approve: user.may_approve }),
        (email, name, role) => {
            Err(UserError::Invalid([email.err(), name.err(), role.err()].into_iter().flatten().collect()))
        }
    }
}

struct AddUser {
    tenant: TenantId,
    user: Addition,
    key: Option<Key>,
}

impl SystemOperation for AddUser {
    const NAME: &'static str = "add_user";
    type Done = Added;
    type Error = UserError;

    async fn run(&self, tx: &SystemTx) -> Result<Added, UserError> {
        once_in_system(tx, self.key.as_ref(), self.add(&tx.as_tenant(self.tenant))).await
    }
}

impl AddUser {
    async fn add(&self, tx: &TenantTx) -> Result<Added, UserError> {
        let Addition { email, name, role, may_approve } = self.user.clone();
        check_addition(manager(tx).await?, role, may_approve)?;
        let new = NewUser { email, name, role, password_hash: None };
        let user = users::insert(tx, &new).await?;
        let added = Added {
            user_id: user.user_id,
            email: user.email,
            name: user.name,
            role,
            may_approve,
            created_at: user.created_at,
        };
        if may_approve {
            managed_users::change(tx, &added.clone().into()).await?;
        }
        let (tenant_id, user_id, email) = (self.tenant, added.user_id, added.email.clone());
        let email_id = Some(emails::queue(tx, EmailKind::Invitation, Some(user_id), &email).await?);
        outbox::put(tx, &DomainEvent::UserInvited { tenant_id, user_id, email, email_id }).await?;
        let detail = json!({ "role": role, "mayApprove": may_approve });
        let entry = NewEntry::new("user.add", format!("user:{user_id}"), detail);
        audit_log::append(tx, &entry).await?;
        Ok(added)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = concat!(
            r#"{"user_id":"0190163d-8694-7001-8000-000000000002","email":"bob@acme.com","name":"Bob","role":"SENDER","#,
            r#""may_approve":true,"created_at":"2026-11-24T12:00:00Z"}"#
        );
        let added: Added = serde_json::from_str(stored).unwrap();
        assert_eq!((added.role, added.may_approve), (Role::Sender, true));
    }
}

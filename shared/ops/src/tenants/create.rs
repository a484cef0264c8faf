//! The platform's owner creates a tenant, whose owner is invited by e-mail to choose a password.

use domain::access::email::{EmailKind, EmailProof};
use domain::events::DomainEvent;
use domain::{Problem, Role, TenantId, TenantState, UserId};
use serde::{Deserialize, Serialize};
use store::{StoreError, SystemOperation, SystemTx, emails, outbox};
use thiserror::Error;

use crate::kernel::events;
use crate::kernel::idempotent::{Key, KeyError, once_in_system};
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};
use crate::tenants::register::{self, RegisterError, Registration};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisioned {
    pub tenant_id: TenantId,
    pub slug: String,
    pub name: String,
    pub plan: String,
    pub owner_id: UserId,
    /// The invitation is sent to this address.
    pub owner_email: String,
    pub owner_role: Role,
}

#[derive(Debug, Error)]
pub enum CreateTenantError {
    /// As for a business that registers itself.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<StoreError> for CreateTenantError {
    fn from(error: StoreError) -> Self {
        Self::Register(error.into())
    }
}

impl From<CreateTenantError> for Problem {
    fn from(error: CreateTenantError) -> Self {
        match error {
            CreateTenantError::Register(error) => error.into(),
            CreateTenantError::Key(error) => error.into(),
        }
    }
}

/// Creates a tenant, and stores the event that sends the invitation to its owner.
pub async fn create_tenant(
    platform: &Platform,
    permit: &SuperAdmin,
    request: Registration,
    key: Option<Key>,
) -> Result<Provisioned, CreateTenantError> {
    let request = register::check(request, |_password| false)?;
    let create = CreateTenant { request, key, email_proof: platform.email_proof };
    // The key belongs to the platform's tenant and the rows to the new one: only the system role sees both.
    let made = platform.store.perform_system(&platform.system_act(permit), &create).await?;
    note(SecurityEvent::TenantCreated, Some(made.owner_id));
    platform.call_new_tenant_hook(made.tenant_id).await;
    events::publish_soon(platform).await;
    Ok(made)
}

struct CreateTenant {
    request: Registration,
    key: Option<Key>,
    email_proof: EmailProof,
}

impl SystemOperation for CreateTenant {
    const NAME: &'static str = "create_tenant";
    type Done = Provisioned;
    type Error = CreateTenantError;

    async fn run(&self, tx: &SystemTx) -> Result<Provisioned, CreateTenantError> {
        once_in_system(tx, self.key.as_ref(), self.make(tx)).await
    }
}

impl CreateTenant {
    async fn make(&self, tx: &SystemTx) -> Result<Provisioned, CreateTenantError> {
        let tx = tx.as_tenant(TenantId::at(tx.now()));
        let made =
            register::insert(&tx, &self.request, (TenantState::Active, None), self.email_proof).await?;
        let owner = &made.owner;
        let email_id = emails::queue(&tx, EmailKind::Welcome, Some(owner.user_id), &owner.email).await?;
        let event = DomainEvent::TenantProvisioned {
            tenant_id: made.tenant.tenant_id,
            user_id: made.owner.user_id,
            email: made.owner.email.clone(),
            tenant_name: made.tenant.name.clone(),
            email_id: Some(email_id),
        };
        outbox::put(&tx, &event).await?;
        register::record(&tx, "tenant.create", &made).await?;
        Ok(Provisioned {
            tenant_id: made.tenant.tenant_id,
            slug: made.tenant.slug,
            name: made.tenant.name,
            plan: made.tenant.plan_name,
            owner_id: made.owner.user_id,
            owner_email: made.owner.email,
            owner_role: made.owner.role,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = concat!(
            r#"{"tenant_id":"0190163d-8694-7001-8000-000000000001","slug":"acme-corp","name":"Acme Corp","plan":"Pro","#,
            r#""owner_id":"0190163d-8694-7001-8000-000000000002","owner_email":"admin@acme.com","owner_role":"OWNER"}"#
        );
        let provisioned: Provisioned = serde_json::from_str(stored).unwrap();
        assert_eq!(provisioned.slug, "acme-corp");
        assert_eq!(provisioned.owner_role, Role::Owner);
    }
}

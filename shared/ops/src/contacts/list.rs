//! The contacts of a tenant, newest first.

use domain::TenantId;
use store::contacts::{self, Contact};
use store::{Operation, Scope, StoreError, Tx};
use uuid::Uuid;

use crate::access::permit::Viewer;
use crate::kernel::platform::Platform;

/// Contacts older than `before`, newest first.
pub async fn list_contacts(
    platform: &Platform,
    by: &Viewer,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Contact>, StoreError> {
    let tenant = by.tenant();
    platform.store.perform(Scope::Tenant(tenant), &ListContacts { tenant, before, limit }).await
}

struct ListContacts {
    tenant: TenantId,
    before: Uuid,
    limit: i64,
}

impl Operation for ListContacts {
    const NAME: &'static str = "list_contacts";
    type Done = Vec<Contact>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Vec<Contact>, StoreError> {
        contacts::list(tx, self.tenant, self.before, self.limit).await
    }
}

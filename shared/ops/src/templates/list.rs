//! The templates of a tenant, to look at.

use domain::TenantId;
use store::templates::{self, Template};
use store::{Operation, Scope, StoreError, Tx};
use uuid::Uuid;

use crate::access::permit::Viewer;
use crate::kernel::platform::Platform;

/// Templates older than `before`, newest first.
pub async fn list_templates(
    platform: &Platform,
    by: &Viewer,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Template>, StoreError> {
    let tenant = by.tenant();
    platform.store.perform(Scope::Tenant(tenant), &ListTemplates { tenant, before, limit }).await
}

struct ListTemplates {
    tenant: TenantId,
    before: Uuid,
    limit: i64,
}

impl Operation for ListTemplates {
    const NAME: &'static str = "list_templates";
    type Done = Vec<Template>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Vec<Template>, StoreError> {
        templates::list(tx, self.tenant, self.before, self.limit).await
    }
}

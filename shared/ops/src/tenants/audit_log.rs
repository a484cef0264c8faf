//! Who did what, when and from where: a tenant's own entries, and the platform's.

pub use store::audit_log::Entry;
use store::{StoreError, audit_log};
use uuid::Uuid;

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::{AuditReader, SuperAdmin};
use crate::kernel::platform::Platform;

/// The tenant's entries older than `before`, newest first.
pub async fn entries(
    platform: &Platform,
    permit: &AuditReader,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    platform.store.perform(&platform.act(permit), &ListEntries { before, limit }).await
}

/// Everybody's entries older than `before`, newest first.
pub async fn all_entries(
    platform: &Platform,
    permit: &SuperAdmin,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    platform.store.perform_system(&platform.system_act(permit), &ListAllEntries { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_audit_log";
    struct ListEntries { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<Entry> { audit_log::list(tx, self.before, self.limit) }
}

one_statement! {
    const NAME: &'static str = "list_whole_audit_log";
    system struct ListAllEntries { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<Entry> { audit_log::list_all(tx, self.before, self.limit) }
}

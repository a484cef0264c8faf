//! Changing a tenant's state: with its entry in the audit log, and the event that its owners are written to about.

use domain::TenantState;
use domain::events::DomainEvent;
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::{StoreError, TenantTx, outbox, tenants};

/// Puts a tenant into a state, for a reason that its owners read too; returns whether it was in another one. Whether the
/// state may follow the one before is for the caller to check, under the tenant's lock.
pub(crate) async fn change(tx: &TenantTx, after: TenantState, reason: &str) -> Result<bool, StoreError> {
    let Some(before) = tenants::set_state(tx, after, reason).await? else { return Ok(false) };
    let detail = json!({ "before": before, "after": after, "reason": reason });
    let entry = NewEntry::new("tenant.change_state", format!("tenant:{}", tx.tenant()), detail);
    audit_log::append(tx, &entry).await?;
    let event =
        DomainEvent::TenantStateChanged { tenant_id: tx.tenant(), before, after, reason: reason.to_owned() };
    outbox::put(tx, &event).await?;
    Ok(true)
}

//! How a tenant's states followed each other, and which tenants are due for the state that follows by itself.

use domain::{TenantId, TenantState};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// One change of a tenant's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    pub number: i64,
    pub before: TenantState,
    pub after: TenantState,
    pub reason: String,
    /// `user:<id>` or `system`.
    pub changed_by: String,
    pub changed_at: Timestamp,
}

/// Changes that are shown, and tenants that are found, at most.
pub const LISTED_MAX: i64 = 100;

pub(crate) const STATEMENTS: &[&str] = &[HISTORY, DUE];

const HISTORY: &str = "-- states::history
SELECT number, state_before, state, reason, changed_by, changed_at FROM tenant_states
 WHERE tenant_id = $1 ORDER BY number DESC LIMIT $2";

/// The last [`LISTED_MAX`] changes of the tenant's state, newest first.
pub async fn history(tx: &TenantTx) -> Result<Vec<StateChange>, StoreError> {
    let rows = tx.rows(HISTORY, params![tx.tenant().0 => UUID, LISTED_MAX => INT8]).await?;
    let change = |row: &Row| {
        Ok(StateChange {
            number: row.get("number"),
            before: word(row, "tenant_states", "state_before")?,
            after: word(row, "tenant_states", "state")?,
            reason: row.get("reason"),
            changed_by: row.get("changed_by"),
            changed_at: row.get("changed_at"),
        })
    };
    rows.iter().map(change).collect()
}

const DUE: &str = "-- states::due
SELECT t.tenant_id FROM tenants t
 WHERE t.state IN ('GRACE', 'CLOSED') AND t.state = $1 AND t.state_since <= $2
   AND NOT EXISTS (SELECT FROM tenant_erasures e WHERE e.tenant_id = t.tenant_id)
 ORDER BY t.state_since LIMIT $3";

/// Tenants whose state is followed by another one now, those that have waited longest first, [`LISTED_MAX`] of each state.
/// One that is being erased has what follows.
pub async fn due(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    let mut due = Vec::new();
    for state in TenantState::ALL {
        let Some((_next, after)) = state.followed_by() else { continue };
        let since = tx.now() - after;
        let values = params![state.as_str() => TEXT, since => TIMESTAMPTZ, LISTED_MAX => INT8];
        due.extend(tx.rows(DUE, values).await?.iter().map(|row| TenantId(row.get("tenant_id"))));
    }
    Ok(due)
}

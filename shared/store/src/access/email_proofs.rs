//! Which tenants have an owner whose e-mail address is proven, and which are on hold because none has.

use domain::TenantId;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[HAS_PROVEN_OWNER, TO_HOLD, TO_LIFT];

/// Tenants that one sweep holds or lets go at most.
const FOUND_MAX: i64 = 1_000;

const HAS_PROVEN_OWNER: &str = "-- email_proofs::has_proven_owner
SELECT FROM users WHERE tenant_id = $1 AND role IN ('OWNER', 'SUPER_ADMIN') AND email_proven_at IS NOT NULL LIMIT 1";

/// Whether one of the tenant's owners has proved the address.
pub async fn has_proven_owner(tx: &TenantTx) -> Result<bool, StoreError> {
    Ok(tx.row(HAS_PROVEN_OWNER, params![tx.tenant().0 => UUID]).await?.is_some())
}

const TO_HOLD: &str = "-- email_proofs::to_hold
SELECT DISTINCT u.tenant_id FROM users u
 WHERE u.role = 'OWNER' AND u.email_proven_at IS NULL
   AND NOT EXISTS (SELECT FROM users o WHERE o.tenant_id = u.tenant_id AND o.role = 'OWNER' AND o.email_proven_at IS NOT NULL)
   AND NOT EXISTS (SELECT FROM holds h WHERE h.tenant_id = u.tenant_id AND h.reason = 'EMAIL')
 LIMIT $1";

/// Tenants without such an owner that are not on hold for it: their owner came while no proof was asked for.
pub async fn to_hold(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    read(tx, TO_HOLD).await
}

const TO_LIFT: &str = "-- email_proofs::to_lift
SELECT tenant_id FROM holds WHERE reason = 'EMAIL' LIMIT $1";

/// Tenants that are on hold for it.
pub async fn to_lift(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    read(tx, TO_LIFT).await
}

async fn read(tx: &SystemTx, sql: &str) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(sql, params![FOUND_MAX => INT8]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

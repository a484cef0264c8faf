//! Single-use links to choose a password, stored as the hash of their secret.

use domain::{TenantId, UserId};
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[INSERT, IS_VALID, TAKE, DROP];

const INSERT: &str = "-- invites::insert
INSERT INTO invites (tenant_id, secret_hash, user_id, expires_at) VALUES ($1, $2, $3, $4)";

pub async fn insert(tx: &TenantTx, user: UserId, hash: &[u8], until: Timestamp) -> Result<(), StoreError> {
    tx.run_one(INSERT, params![tx.tenant().0 => UUID, hash => BYTEA, user.0 => UUID, until => TIMESTAMPTZ])
        .await
}

const IS_VALID: &str = "-- invites::is_valid
SELECT FROM invites WHERE secret_hash = $1 AND expires_at > $2";

/// Whether an invitation can be used now.
pub async fn is_valid(tx: &SystemTx, hash: &[u8]) -> Result<bool, StoreError> {
    Ok(tx.row(IS_VALID, params![hash => BYTEA, tx.now() => TIMESTAMPTZ]).await?.is_some())
}

const TAKE: &str = "-- invites::take
DELETE FROM invites WHERE secret_hash = $1 RETURNING tenant_id, user_id, expires_at > $2 AS is_valid";

/// Uses an invitation up. `None` when it does not exist or has expired.
pub async fn take(tx: &SystemTx, hash: &[u8]) -> Result<Option<(TenantId, UserId)>, StoreError> {
    let row = tx.row(TAKE, params![hash => BYTEA, tx.now() => TIMESTAMPTZ]).await?;
    Ok(row
        .filter(|row| row.get("is_valid"))
        .map(|row| (TenantId(row.get("tenant_id")), UserId(row.get("user_id")))))
}

const DROP: &str = "-- invites::drop_all
DELETE FROM invites WHERE tenant_id = $1 AND user_id = $2";

/// Invalidates every open invitation of a user.
pub async fn drop_all(tx: &TenantTx, user: UserId) -> Result<u64, StoreError> {
    tx.run(DROP, params![tx.tenant().0 => UUID, user.0 => UUID]).await
}

//! Changes of an e-mail address that are under way.

use domain::UserId;
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[BEGIN, LOCK, CONFIRM_NEW, CONFIRM_OLD, END, FORGET_EXPIRED];

/// Changes that one sweep deletes at most.
const FORGOTTEN_MAX: i64 = 5_000;

/// A change that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailChange {
    pub new_email: String,
    pub expires_at: Timestamp,
    pub is_confirmed_by_new: bool,
    pub is_confirmed_by_old: bool,
}

const BEGIN: &str = "-- email_changes::begin
INSERT INTO email_changes (tenant_id, user_id, new_email, expires_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant_id, user_id) DO UPDATE
   SET new_email = $3, expires_at = $4, new_confirmed_at = NULL, old_confirmed_at = NULL";

/// Begins a change; one that was under way ends.
pub async fn begin(tx: &TenantTx, user: UserId, new: &str, until: Timestamp) -> Result<(), StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, new => TEXT, until => TIMESTAMPTZ];
    tx.run_one(BEGIN, values).await
}

const LOCK: &str = "-- email_changes::lock
SELECT new_email, expires_at, new_confirmed_at IS NOT NULL AS by_new, old_confirmed_at IS NOT NULL AS by_old
  FROM email_changes WHERE tenant_id = $1 AND user_id = $2 AND expires_at > $3 FOR UPDATE";

/// The user's change, locked.
pub async fn lock(tx: &TenantTx, user: UserId) -> Result<Option<EmailChange>, StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, tx.now() => TIMESTAMPTZ];
    Ok(tx.row(LOCK, values).await?.map(|row| EmailChange {
        new_email: row.get("new_email"),
        expires_at: row.get("expires_at"),
        is_confirmed_by_new: row.get("by_new"),
        is_confirmed_by_old: row.get("by_old"),
    }))
}

const CONFIRM_NEW: &str = "-- email_changes::confirm_new
UPDATE email_changes SET new_confirmed_at = $3 WHERE tenant_id = $1 AND user_id = $2";

const CONFIRM_OLD: &str = "-- email_changes::confirm_old
UPDATE email_changes SET old_confirmed_at = $3 WHERE tenant_id = $1 AND user_id = $2";

/// Which of the two addresses confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    New,
    Old,
}

pub async fn confirm(tx: &TenantTx, user: UserId, side: Side) -> Result<(), StoreError> {
    let sql = match side {
        Side::New => CONFIRM_NEW,
        Side::Old => CONFIRM_OLD,
    };
    tx.run_one(sql, params![tx.tenant().0 => UUID, user.0 => UUID, tx.now() => TIMESTAMPTZ]).await
}

const END: &str = "-- email_changes::end
DELETE FROM email_changes WHERE tenant_id = $1 AND user_id = $2";

pub async fn end(tx: &TenantTx, user: UserId) -> Result<(), StoreError> {
    tx.run(END, params![tx.tenant().0 => UUID, user.0 => UUID]).await.map(drop)
}

const FORGET_EXPIRED: &str = "-- email_changes::forget_expired
DELETE FROM email_changes WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM email_changes WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2))";

/// Deletes changes that were not confirmed in time, some at a time.
pub async fn forget_expired(tx: &SystemTx) -> Result<u64, StoreError> {
    tx.run(FORGET_EXPIRED, params![tx.now() => TIMESTAMPTZ, FORGOTTEN_MAX => INT8]).await
}

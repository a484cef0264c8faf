//! Logins that go on: sessions, and the refresh tokens that continue them.

use domain::{SessionId, TenantId, UserId};
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// A session that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub session_id: SessionId,
    /// Where it was used last.
    pub source: String,
    pub created_at: Timestamp,
    pub used_at: Timestamp,
    pub expires_at: Timestamp,
}

/// A refresh token as it is found, under the lock of its session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub tenant: TenantId,
    pub session: SessionId,
    pub user: UserId,
    /// When it was used first.
    pub used_at: Option<Timestamp>,
    pub expires_at: Timestamp,
    pub is_revoked: bool,
}

/// The foreign key that refuses a session of a user who was removed meanwhile.
pub const NO_USER: &str = "sessions_tenant_id_user_id_fkey";

pub(crate) const STATEMENTS: &[&str] =
    &[START, ADD_TOKEN, FIND_TOKEN, USE_TOKEN, CONTINUE, LIST, REVOKE, REVOKE_ALL, FORGET];

const START: &str = "-- sessions::start
INSERT INTO sessions (tenant_id, session_id, user_id, source, created_at, used_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5, $6)";

/// Starts a session of a user.
pub async fn start(
    tx: &TenantTx,
    session: SessionId,
    user: UserId,
    source: &str,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, session.0 => UUID, user.0 => UUID, source => TEXT, tx.now() => TIMESTAMPTZ,
        expires_at => TIMESTAMPTZ,
    ];
    tx.run_one(START, values).await
}

const ADD_TOKEN: &str = "-- sessions::add_token
INSERT INTO refresh_tokens (tenant_id, secret_hash, session_id) VALUES ($1, $2, $3)";

pub async fn add_token(tx: &TenantTx, session: SessionId, secret_hash: &[u8]) -> Result<(), StoreError> {
    tx.run_one(ADD_TOKEN, params![tx.tenant().0 => UUID, secret_hash => BYTEA, session.0 => UUID]).await
}

// The session's lock: of two that use one token at the same time, the second sees that it was used.
const FIND_TOKEN: &str = "-- sessions::find_token
SELECT s.tenant_id, s.session_id, s.user_id, r.used_at, s.expires_at, s.revoked_at IS NOT NULL AS is_revoked
  FROM refresh_tokens r JOIN sessions s USING (tenant_id, session_id)
 WHERE r.secret_hash = $1 FOR NO KEY UPDATE OF s, r";

/// The session of a refresh token. Needs a system transaction: the tenant is not known yet.
pub async fn find_token(tx: &SystemTx, secret_hash: &[u8]) -> Result<Option<Found>, StoreError> {
    let row = tx.row(FIND_TOKEN, params![secret_hash => BYTEA]).await?;
    Ok(row.map(|row| Found {
        tenant: TenantId(row.get("tenant_id")),
        session: SessionId(row.get("session_id")),
        user: UserId(row.get("user_id")),
        used_at: row.get("used_at"),
        expires_at: row.get("expires_at"),
        is_revoked: row.get("is_revoked"),
    }))
}

const USE_TOKEN: &str = "-- sessions::use_token
UPDATE refresh_tokens SET used_at = coalesce(used_at, $3) WHERE tenant_id = $1 AND secret_hash = $2";

const CONTINUE: &str = "-- sessions::continue_until
UPDATE sessions SET used_at = $3, expires_at = $4, source = $5 WHERE tenant_id = $1 AND session_id = $2";

/// Uses a refresh token up and lets its session go on.
pub async fn continue_until(
    tx: &TenantTx,
    (session, secret_hash): (SessionId, &[u8]),
    source: &str,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let (tenant, now) = (tx.tenant().0, tx.now());
    tx.run_one(USE_TOKEN, params![tenant => UUID, secret_hash => BYTEA, now => TIMESTAMPTZ]).await?;
    let values = params![
        tenant => UUID, session.0 => UUID, now => TIMESTAMPTZ, expires_at => TIMESTAMPTZ, source => TEXT,
    ];
    tx.run_one(CONTINUE, values).await
}

const LIST: &str = "-- sessions::list
SELECT session_id, source, created_at, used_at, expires_at FROM sessions
 WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3 ORDER BY session_id DESC LIMIT $4";

/// A user's sessions that have not ended, newest first.
pub async fn list(tx: &TenantTx, user: UserId, limit: i64) -> Result<Vec<Session>, StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, tx.now() => TIMESTAMPTZ, limit => INT8];
    let rows = tx.rows(LIST, values).await?;
    Ok(rows
        .iter()
        .map(|row| Session {
            session_id: SessionId(row.get("session_id")),
            source: row.get("source"),
            created_at: row.get("created_at"),
            used_at: row.get("used_at"),
            expires_at: row.get("expires_at"),
        })
        .collect())
}

const REVOKE: &str = "-- sessions::revoke
UPDATE sessions SET revoked_at = $4 WHERE tenant_id = $1 AND session_id = $2 AND user_id = $3 AND revoked_at IS NULL";

/// Ends a session of a user; returns whether there was one.
pub async fn revoke(tx: &TenantTx, session: SessionId, user: UserId) -> Result<bool, StoreError> {
    let values = params![tx.tenant().0 => UUID, session.0 => UUID, user.0 => UUID, tx.now() => TIMESTAMPTZ];
    Ok(tx.run(REVOKE, values).await? == 1)
}

const REVOKE_ALL: &str = "-- sessions::revoke_all
UPDATE sessions SET revoked_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND revoked_at IS NULL";

/// Ends every session of a user; returns how many.
pub async fn revoke_all(tx: &TenantTx, user: UserId) -> Result<u64, StoreError> {
    tx.run(REVOKE_ALL, params![tx.tenant().0 => UUID, user.0 => UUID, tx.now() => TIMESTAMPTZ]).await
}

const FORGET: &str = "-- sessions::forget
DELETE FROM sessions WHERE (tenant_id, session_id) IN (
    SELECT tenant_id, session_id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT 1000)";

/// Deletes sessions that ended before then, with their tokens.
pub async fn forget_before(tx: &SystemTx, before: Timestamp) -> Result<u64, StoreError> {
    tx.run(FORGET, params![before => TIMESTAMPTZ]).await
}

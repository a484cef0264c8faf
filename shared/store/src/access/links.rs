//! Single-use links in e-mails beside invitations, stored as the hash of their secret.

use domain::access::email::LinkPurpose;
use domain::{TenantId, UserId};
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[INSERT, FIND, LOCK, DROP, DROP_ALL, FORGET_EXPIRED];

/// Links that one sweep deletes at most.
const FORGOTTEN_MAX: i64 = 5_000;

/// A link that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub purpose: LinkPurpose,
    /// That it was sent to.
    pub address: String,
}

/// A link that is about to be sent.
#[derive(Clone, Debug)]
pub struct NewLink<'a> {
    pub user: UserId,
    pub purpose: LinkPurpose,
    pub address: &'a str,
    pub secret_hash: &'a [u8],
    pub expires_at: Timestamp,
}

const INSERT: &str = "-- links::insert
INSERT INTO links (tenant_id, secret_hash, user_id, purpose, address, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";

const DROP: &str = "-- links::drop
DELETE FROM links WHERE tenant_id = $1 AND user_id = $2 AND purpose = $3";

/// Adds a link in the place of the user's others of that purpose.
pub async fn replace(tx: &TenantTx, link: &NewLink<'_>) -> Result<(), StoreError> {
    drop(tx, link.user, link.purpose).await?;
    let values = params![
        tx.tenant().0 => UUID, link.secret_hash => BYTEA, link.user.0 => UUID, link.purpose.as_str() => TEXT,
        link.address => TEXT, link.expires_at => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await
}

/// Invalidates the user's links of that purpose.
pub async fn drop(tx: &TenantTx, user: UserId, purpose: LinkPurpose) -> Result<(), StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, purpose.as_str() => TEXT];
    tx.run(DROP, values).await.map(std::mem::drop)
}

const DROP_ALL: &str = "-- links::drop_all
DELETE FROM links WHERE tenant_id = $1 AND user_id = $2";

/// Invalidates every link of the user.
pub async fn drop_all(tx: &TenantTx, user: UserId) -> Result<(), StoreError> {
    tx.run(DROP_ALL, params![tx.tenant().0 => UUID, user.0 => UUID]).await.map(std::mem::drop)
}

const FIND: &str = "-- links::find
SELECT tenant_id, user_id, purpose, address FROM links WHERE secret_hash = $1 AND expires_at > $2";

/// The link of that secret, unless it has expired.
pub async fn find(tx: &SystemTx, hash: &[u8]) -> Result<Option<Link>, StoreError> {
    read(tx, FIND, hash).await
}

const LOCK: &str = "-- links::lock
SELECT tenant_id, user_id, purpose, address FROM links WHERE secret_hash = $1 AND expires_at > $2 FOR UPDATE";

/// The same, locked: of two transactions with one link the second waits, and finds it used.
pub async fn lock(tx: &SystemTx, hash: &[u8]) -> Result<Option<Link>, StoreError> {
    read(tx, LOCK, hash).await
}

async fn read(tx: &SystemTx, sql: &str, hash: &[u8]) -> Result<Option<Link>, StoreError> {
    let row = tx.row(sql, params![hash => BYTEA, tx.now() => TIMESTAMPTZ]).await?;
    let link = row.map(|row| {
        Ok(Link {
            tenant_id: TenantId(row.get("tenant_id")),
            user_id: UserId(row.get("user_id")),
            purpose: word(&row, "links", "purpose")?,
            address: row.get("address"),
        })
    });
    link.transpose()
}

const FORGET_EXPIRED: &str = "-- links::forget_expired
DELETE FROM links WHERE ctid = ANY (ARRAY(SELECT ctid FROM links WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2))";

/// Deletes links that have expired, some at a time.
pub async fn forget_expired(tx: &SystemTx) -> Result<u64, StoreError> {
    tx.run(FORGET_EXPIRED, params![tx.now() => TIMESTAMPTZ, FORGOTTEN_MAX => INT8]).await
}

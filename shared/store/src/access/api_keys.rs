//! Keys of programs: kept by the hash of their secret. Who calls with one is found in `callers`.

use domain::access::Scopes;
use domain::{ApiKeyId, PhoneNumberId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{TenantTx, params};

/// A key as it is shown: without its secret, which is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub key_id: ApiKeyId,
    pub name: String,
    pub prefix: String,
    pub scopes: Scopes,
    pub phone_number: Option<PhoneNumberId>,
    pub requests_per_minute: Option<i64>,
    /// `user:<id>`, `key:<id>` or `system`.
    pub created_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it can be called with.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}

/// A key that is about to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    pub key: ApiKeyId,
    pub name: String,
    /// The beginning of the key, by which a person recognises it.
    pub prefix: String,
    /// SHA-256 of the whole key.
    pub secret_hash: Vec<u8>,
    pub scopes: Scopes,
    /// The only number that it sends from; `None` for each of the tenant's.
    pub phone_number: Option<String>,
    /// Fewer than the plan allows the tenant; `None` for no limit of its own.
    pub requests_per_minute: Option<i64>,
    pub expires_at: Timestamp,
}

pub(crate) const STATEMENTS: &[&str] = &[INSERT, LIST, FIND, COUNT_LIVE, REVOKE];

const INSERT: &str = "-- api_keys::insert
INSERT INTO api_keys (tenant_id, key_id, name, prefix, secret_hash, scopes, phone_number_id, requests_per_minute, created_by,
                      created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

pub async fn insert(tx: &TenantTx, key: &NewApiKey) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, key.key.0 => UUID, key.name => TEXT, key.prefix => TEXT, key.secret_hash => BYTEA,
        key.scopes.to_string() => TEXT, key.phone_number => TEXT, key.requests_per_minute => INT8,
        tx.actor().to_string() => TEXT, tx.now() => TIMESTAMPTZ, key.expires_at => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await
}

macro_rules! columns {
    () => {
        "key_id, name, prefix, scopes, phone_number_id, requests_per_minute, created_by, created_at, expires_at, last_used_at, revoked_at"
    };
}

const LIST: &str = concat!(
    "-- api_keys::list
SELECT ",
    columns!(),
    " FROM api_keys
 WHERE tenant_id = $1 AND key_id < $2 ORDER BY tenant_id DESC, key_id DESC LIMIT $3"
);

/// The tenant's keys older than `before`, newest first, with those that have ended.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<ApiKey>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    rows.iter().map(from_row).collect()
}

const FIND: &str = concat!(
    "-- api_keys::find
SELECT ",
    columns!(),
    " FROM api_keys WHERE tenant_id = $1 AND key_id = $2"
);

pub async fn find(tx: &TenantTx, key: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, key.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const COUNT_LIVE: &str = "-- api_keys::count_live
SELECT count(*) FROM api_keys WHERE tenant_id = $1 AND revoked_at IS NULL AND expires_at > $2";

/// How many of the tenant's keys can be called with.
pub async fn count_live(tx: &TenantTx) -> Result<i64, StoreError> {
    let row = tx.row(COUNT_LIVE, params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ]).await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

const REVOKE: &str = "-- api_keys::revoke
UPDATE api_keys SET revoked_at = $3 WHERE tenant_id = $1 AND key_id = $2 AND revoked_at IS NULL";

/// Revokes a key from now on; returns whether it was not revoked before.
pub async fn revoke(tx: &TenantTx, key: ApiKeyId) -> Result<bool, StoreError> {
    let values = params![tx.tenant().0 => UUID, key.0 => UUID, tx.now() => TIMESTAMPTZ];
    Ok(tx.run(REVOKE, values).await? == 1)
}

fn from_row(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        key_id: ApiKeyId(row.get("key_id")),
        name: row.get("name"),
        prefix: row.get("prefix"),
        scopes: word(row, "api_keys", "scopes")?,
        phone_number: row.get::<_, Option<String>>("phone_number_id").map(PhoneNumberId),
        requests_per_minute: row.get("requests_per_minute"),
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        last_used_at: row.get("last_used_at"),
        revoked_at: row.get("revoked_at"),
    })
}

//! Keys of programs: kept by the hash of their secret. Who calls with one is found in `callers`.

use domain::ApiKeyId;
use domain::access::Scopes;
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

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

pub(crate) const STATEMENTS: &[&str] = &[INSERT];

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

//! The same call again gets the same answer (invariants I25–I27).
//!
//! Key, effect and answer commit together, so a crash cannot leave a key "in progress": a key is either absent or done. A
//! call that runs at the same time as its duplicate is refused instead of waiting.

use std::iter;

use domain::TenantId;
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// A tenant's key on a route, and the request that it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The same text of another tenant is another key.
    pub tenant: TenantId,
    pub route: String,
    /// The caller's text, 1 to 255 characters.
    pub text: String,
    /// SHA-256 of the request.
    pub request_hash: Vec<u8>,
    /// The hash that the same request had under an older rule, where it had another.
    pub legacy_hash: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Not used before: run the call, and [`finish`] before the commit.
    First,
    /// The outcome of the first call, as JSON.
    Replay(String),
    /// Used before with a different request.
    Mismatch,
    /// The same call is running.
    Running,
}

pub(crate) const STATEMENTS: &[&str] = &[TRY_LOCK, FIND, INSERT, FORGET];

const TRY_LOCK: &str = "-- idempotency::try_lock
SELECT pg_try_advisory_xact_lock(hashtextextended(concat_ws('/', $1::text, $2::text, $3::text), 0)) AS got";

const FIND: &str = "-- idempotency::find
SELECT request_hash = ANY ($4) AS same_request, outcome FROM idempotency_keys WHERE tenant_id = $1 AND route = $2 AND key = $3";

/// Takes the key for this transaction.
pub async fn begin(tx: &TenantTx, key: &Key) -> Result<Begun, StoreError> {
    let tenant = tx.tenant().0.to_string();
    let lock = tx.row(TRY_LOCK, params![tenant => TEXT, key.route => TEXT, key.text => TEXT]).await?;
    if !lock.is_some_and(|row| row.get("got")) {
        return Ok(Begun::Running);
    }
    let hashes: Vec<&[u8]> =
        iter::once(&key.request_hash).chain(&key.legacy_hash).map(Vec::as_slice).collect();
    let values = params![tx.tenant().0 => UUID, key.route => TEXT, key.text => TEXT, hashes => BYTEA_ARRAY];
    Ok(match tx.row(FIND, values).await? {
        None => Begun::First,
        Some(row) if row.get("same_request") => Begun::Replay(row.get("outcome")),
        Some(_) => Begun::Mismatch,
    })
}

const INSERT: &str = "-- idempotency::insert
INSERT INTO idempotency_keys (tenant_id, route, key, request_hash, outcome, created_at) VALUES ($1, $2, $3, $4, $5, $6)";

/// Stores the outcome under the key, in the transaction of the effect.
pub async fn finish(tx: &TenantTx, key: &Key, outcome: &str) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, key.route => TEXT, key.text => TEXT, key.request_hash => BYTEA, outcome => TEXT,
        tx.now() => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await
}

const FORGET: &str = "-- idempotency::forget
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency_keys WHERE created_at < $1 LIMIT 5000))";

/// Deletes keys older than the retention, some at a time; returns how many.
pub async fn forget_before(tx: &SystemTx, before: Timestamp) -> Result<u64, StoreError> {
    tx.run(FORGET, params![before => TIMESTAMPTZ]).await
}

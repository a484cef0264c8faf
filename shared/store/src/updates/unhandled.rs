//! Authentic updates that nothing here handles, each stored unchanged and once.

use domain::updates::UnhandledUpdate;
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

pub(crate) const STATEMENTS: &[&str] = &[INSERT];

const INSERT: &str = "-- unhandled::insert
INSERT INTO kept_updates (digest, reason, raw, received_at)
SELECT sha256(convert_to(u.reason || u.raw::text, 'UTF8')) AS digest, u.reason, u.raw, $3
  FROM unnest($1::text[], $2::jsonb[]) AS u (reason, raw) ORDER BY digest
    ON CONFLICT DO NOTHING";

pub async fn insert(tx: &Tx, updates: &[UnhandledUpdate], now: Timestamp) -> Result<(), StoreError> {
    if updates.is_empty() {
        return Ok(());
    }
    let reasons: Vec<&str> = updates.iter().map(|update| update.reason.as_str()).collect();
    let raws: Vec<&serde_json::Value> = updates.iter().map(|update| &update.raw).collect();
    tx.run(INSERT, params![reasons => TEXT_ARRAY, raws => JSONB_ARRAY, now => TIMESTAMPTZ]).await.map(drop)
}

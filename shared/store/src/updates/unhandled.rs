//! Authentic updates that nothing here handles, each stored unchanged and once.

use domain::updates::UnhandledUpdate;
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, Tx, params};

pub(crate) const STATEMENTS: &[&str] = &[INSERT, INSERT_WANTED];

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

// Of a number that no tenant has connected any more, the texts and names of people are not wanted. Such numbers are few.
const INSERT_WANTED: &str = "-- unhandled::insert_wanted
INSERT INTO kept_updates (digest, reason, raw, received_at)
SELECT sha256(convert_to(u.reason || u.raw::text, 'UTF8')) AS digest, u.reason, u.raw, $3
  FROM unnest($1::text[], $2::jsonb[]) AS u (reason, raw)
 WHERE NOT EXISTS (SELECT FROM phone_numbers n
        WHERE n.disconnected_at IS NOT NULL AND strpos(u.raw::text, '\"' || n.phone_number_id || '\"') > 0
          AND NOT EXISTS (SELECT FROM phone_numbers c WHERE c.phone_number_id = n.phone_number_id AND c.disconnected_at IS NULL))
 ORDER BY digest
    ON CONFLICT DO NOTHING";

/// The same without what came to a number of an erased tenant.
pub async fn insert_wanted(
    tx: &SystemTx,
    updates: &[UnhandledUpdate],
    now: Timestamp,
) -> Result<(), StoreError> {
    if updates.is_empty() {
        return Ok(());
    }
    let reasons: Vec<&str> = updates.iter().map(|update| update.reason.as_str()).collect();
    let raws: Vec<&serde_json::Value> = updates.iter().map(|update| &update.raw).collect();
    let values = params![reasons => TEXT_ARRAY, raws => JSONB_ARRAY, now => TIMESTAMPTZ];
    tx.run(INSERT_WANTED, values).await.map(drop)
}

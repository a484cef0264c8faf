//! Authentic updates that nothing here handles, each stored unchanged and once.

use domain::updates::UnhandledUpdate;
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

pub(crate) const STATEMENTS: &[&str] = &[INSERT];

const INSERT: &str = "-- unhandled::insert
INSERT INTO kept_updates (digest, reason, raw, received_at) VALUES (sha256(convert_to($1 || $2::jsonb::text, 'UTF8')), $1, $2, $3)
    ON CONFLICT DO NOTHING";

pub async fn insert(tx: &Tx, update: &UnhandledUpdate, now: Timestamp) -> Result<(), StoreError> {
    tx.run(INSERT, params![update.reason => TEXT, update.raw => JSONB, now => TIMESTAMPTZ]).await.map(drop)
}

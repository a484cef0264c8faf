//! Seals of ledgers: hashes of blocks of entries, each over the one before it.

use domain::TenantId;
use domain::billing::SealHash;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// Tenants found by one statement at most; the next sweep finds the rest.
const FOUND_MAX: i64 = 5_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its number within the tenant, without gaps.
    pub number: i64,
    /// The entries from this number on,
    pub first_seq: i64,
    /// and up to this one.
    pub last_seq: i64,
    pub hash: SealHash,
}

pub(crate) const STATEMENTS: &[&str] = &[UNSEALED, LAST, ADD, LIST];

const UNSEALED: &str = "-- seals::unsealed
SELECT w.tenant_id FROM wallets w
 WHERE w.seq > coalesce((SELECT s.last_seq FROM ledger_seals s WHERE s.tenant_id = w.tenant_id ORDER BY s.number DESC LIMIT 1), 0)
 LIMIT $1";

/// Tenants with entries that no seal covers.
pub async fn unsealed(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(UNSEALED, params![FOUND_MAX => INT8]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

const LAST: &str = "-- seals::last
SELECT number, first_seq, last_seq, hash FROM ledger_seals WHERE tenant_id = $1 ORDER BY tenant_id DESC, number DESC LIMIT 1";

pub async fn last(tx: &TenantTx) -> Result<Option<Seal>, StoreError> {
    let row = tx.row(LAST, params![tx.tenant().0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const ADD: &str = "-- seals::add
INSERT INTO ledger_seals (tenant_id, number, first_seq, last_seq, hash, sealed_at) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING";

/// Adds a seal, unless another process has added one of that number: then `false`.
pub async fn add(tx: &TenantTx, seal: &Seal) -> Result<bool, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, seal.number => INT8, seal.first_seq => INT8, seal.last_seq => INT8,
        &seal.hash.0[..] => BYTEA, tx.now() => TIMESTAMPTZ,
    ];
    Ok(tx.run(ADD, values).await? == 1)
}

const LIST: &str = "-- seals::list
SELECT number, first_seq, last_seq, hash FROM ledger_seals WHERE tenant_id = $1 AND number > $2
 ORDER BY tenant_id, number LIMIT $3";

/// Seals behind number `after`, oldest first.
pub async fn list(tx: &TenantTx, after: i64, limit: i64) -> Result<Vec<Seal>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, after => INT8, limit => INT8]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Seal, StoreError> {
    let hash: &[u8] = row.get("hash");
    let broken = |_length| StoreError::Inconsistent {
        table: "ledger_seals",
        what: "a hash of another length".to_owned(),
    };
    Ok(Seal {
        number: row.get("number"),
        first_seq: row.get("first_seq"),
        last_seq: row.get("last_seq"),
        hash: SealHash(hash.try_into().map_err(broken)?),
    })
}

//! Addresses that nothing is sent to, whoever imports them. Only an HMAC of each is stored.

use std::collections::HashSet;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// HMAC-SHA-256 of an address.
pub type AddressHash = [u8; 32];

pub(crate) const STATEMENTS: &[&str] = &[ADD, IS_EMPTY, AMONG];

const ADD: &str = "-- suppressions::add
INSERT INTO suppressions (tenant_id, address_hash, reason, since) SELECT $1, unnest($2::bytea[]), 'ERASED', $3
    ON CONFLICT DO NOTHING";

/// Suppresses the addresses of a person who was erased.
pub async fn add(tx: &TenantTx, hashes: &[AddressHash]) -> Result<u64, StoreError> {
    let hashes: Vec<&[u8]> = hashes.iter().map(AsRef::as_ref).collect();
    tx.run(ADD, params![tx.tenant().0 => UUID, hashes => BYTEA_ARRAY, tx.now() => TIMESTAMPTZ]).await
}

const IS_EMPTY: &str = "-- suppressions::is_empty
SELECT NOT EXISTS (SELECT FROM suppressions WHERE tenant_id = $1) AS is_empty";

/// Whether the tenant suppresses no address, as most do.
pub async fn is_empty(tx: &TenantTx) -> Result<bool, StoreError> {
    let row = tx.row(IS_EMPTY, params![tx.tenant().0 => UUID]).await?;
    Ok(row.is_some_and(|row| row.get("is_empty")))
}

const AMONG: &str = "-- suppressions::among
SELECT address_hash FROM suppressions WHERE tenant_id = $1 AND address_hash = ANY ($2)";

/// Those of these addresses that are suppressed.
pub async fn among(tx: &TenantTx, hashes: &[AddressHash]) -> Result<HashSet<Vec<u8>>, StoreError> {
    let hashes: Vec<&[u8]> = hashes.iter().map(AsRef::as_ref).collect();
    let rows = tx.rows(AMONG, params![tx.tenant().0 => UUID, hashes => BYTEA_ARRAY]).await?;
    Ok(rows.iter().map(|row| row.get("address_hash")).collect())
}

//! Balances, and the lock that every movement of money takes first.

use domain::{Money, TenantId};

use crate::kernel::error::StoreError;
use crate::kernel::tx::{Tx, params};

pub(crate) const STATEMENTS: &[&str] = &[BALANCE, LOCK];

const BALANCE: &str = "-- wallet::balance
SELECT balance FROM wallets WHERE tenant_id = $1";

/// What a tenant has.
pub async fn balance(tx: &Tx, tenant: TenantId) -> Result<Option<Money>, StoreError> {
    let row = tx.row(BALANCE, params![tenant.0 => UUID]).await?;
    Ok(row.map(|row| Money::from_micros(row.get("balance"))))
}

const LOCK: &str = "-- wallet::lock
SELECT balance FROM wallets WHERE tenant_id = $1 FOR NO KEY UPDATE";

/// Takes a tenant's balance lock. Every operation that moves money takes it first, before any message.
pub async fn lock(tx: &Tx, tenant: TenantId) -> Result<Money, StoreError> {
    let row = tx.row(LOCK, params![tenant.0 => UUID]).await?;
    row.map(|row| Money::from_micros(row.get("balance"))).ok_or_else(|| StoreError::Inconsistent {
        table: "wallets",
        what: format!("tenant {tenant} has none"),
    })
}

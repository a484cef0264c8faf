//! Balances, and the lock that every change of a balance takes first.

use domain::Money;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[BALANCE, AVAILABLE, LOCK, FUNDS];

const BALANCE: &str = "-- wallet::balance
SELECT balance FROM wallets WHERE tenant_id = $1";

pub async fn balance(tx: &TenantTx) -> Result<Option<Money>, StoreError> {
    let row = tx.row(BALANCE, params![tx.tenant().0 => UUID]).await?;
    Ok(row.map(|row| Money::from_micros(row.get("balance"))))
}

const AVAILABLE: &str = "-- wallet::available
SELECT balance - reserved AS available FROM wallets WHERE tenant_id = $1";

/// What of a balance nothing has reserved.
pub async fn available(tx: &TenantTx) -> Result<Option<Money>, StoreError> {
    let row = tx.row(AVAILABLE, params![tx.tenant().0 => UUID]).await?;
    Ok(row.map(|row| Money::from_micros(row.get("available"))))
}

const LOCK: &str = "-- wallet::lock
SELECT balance FROM wallets WHERE tenant_id = $1 FOR NO KEY UPDATE";

/// Locks a tenant's balance. Every operation that changes a balance takes this lock first, before any message.
pub async fn lock(tx: &TenantTx) -> Result<Money, StoreError> {
    let row = tx.row(LOCK, params![tx.tenant().0 => UUID]).await?;
    row.map(|row| Money::from_micros(row.get("balance"))).ok_or_else(|| StoreError::Inconsistent {
        table: "wallets",
        what: format!("tenant {} has none", tx.tenant()),
    })
}

/// A tenant's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funds {
    pub balance: Money,
    /// What of it may be spent by others than who reserved the rest.
    pub available: Money,
}

const FUNDS: &str = "-- wallet::funds
SELECT balance, balance - reserved AS available FROM wallets WHERE tenant_id = $1 FOR NO KEY UPDATE";

/// What a tenant has, under the lock that [`lock`] takes; `None` when there is no such tenant.
pub async fn funds(tx: &TenantTx) -> Result<Option<Funds>, StoreError> {
    let row = tx.row(FUNDS, params![tx.tenant().0 => UUID]).await?;
    Ok(row.map(|row| Funds {
        balance: Money::from_micros(row.get("balance")),
        available: Money::from_micros(row.get("available")),
    }))
}

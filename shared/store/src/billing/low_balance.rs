//! Amounts below which a tenant is warned of its balance.
//!
//! The wallet has the next of them beside its balance, so a debit that passes none costs one comparison. One that passes some
//! moves to the next and writes one event, all under the wallet's lock: of debits that race, one finds that it is the first.
//! A threshold that was passed counts again when a top-up or an adjustment brings the balance to it. A refund does not do that:
//! it gives back what a debit took, and the balance of a tenant whose messages fail goes up and down with every chunk of them.

use domain::Money;
use domain::events::DomainEvent;

use crate::kernel::error::StoreError;
use crate::kernel::outbox;
use crate::kernel::tx::{TenantTx, params};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// The highest first.
    pub amounts: Vec<Money>,
    /// The highest that has not been passed.
    pub next: Option<Money>,
}

pub(crate) const STATEMENTS: &[&str] = &[READ, LOCK, SET, PASS];

const READ: &str = "-- low_balance::read
SELECT low_thresholds, low_next FROM wallets WHERE tenant_id = $1";

pub async fn read(tx: &TenantTx) -> Result<Thresholds, StoreError> {
    thresholds(tx, READ).await
}

const LOCK: &str = "-- low_balance::lock
SELECT low_thresholds, low_next FROM wallets WHERE tenant_id = $1 FOR NO KEY UPDATE";

/// The same under the wallet's lock.
pub async fn lock(tx: &TenantTx) -> Result<Thresholds, StoreError> {
    thresholds(tx, LOCK).await
}

async fn thresholds(tx: &TenantTx, sql: &str) -> Result<Thresholds, StoreError> {
    let row = tx.row(sql, params![tx.tenant().0 => UUID]).await?;
    let row = row.ok_or_else(|| StoreError::Inconsistent {
        table: "wallets",
        what: format!("tenant {} has none", tx.tenant()),
    })?;
    let amounts: Vec<i64> = row.get("low_thresholds");
    Ok(Thresholds {
        amounts: amounts.into_iter().map(Money::from_micros).collect(),
        next: row.get::<_, Option<i64>>("low_next").map(Money::from_micros),
    })
}

const SET: &str = "-- low_balance::set
UPDATE wallets
   SET low_thresholds = $2, low_next = (SELECT max(t) FROM unnest($2::int8[]) AS t WHERE t <= balance - reserved)
 WHERE tenant_id = $1";

/// Replaces the thresholds. Those that the balance is below already count when it has been at them again.
pub async fn set(tx: &TenantTx, amounts: &[Money]) -> Result<(), StoreError> {
    let micros: Vec<i64> = amounts.iter().map(|amount| amount.micros()).collect();
    tx.run_one(SET, params![tx.tenant().0 => UUID, micros => INT8_ARRAY]).await
}

const PASS: &str = "-- low_balance::pass
WITH passed AS MATERIALIZED (
    SELECT (SELECT min(t) FROM unnest(w.low_thresholds) AS t WHERE t > w.balance - w.reserved AND t <= w.low_next) AS threshold
      FROM wallets w WHERE w.tenant_id = $1)
UPDATE wallets w
   SET low_next = (SELECT max(t) FROM unnest(w.low_thresholds) AS t WHERE t <= w.balance - w.reserved)
  FROM passed WHERE w.tenant_id = $1 AND passed.threshold IS NOT NULL
RETURNING passed.threshold, w.balance - w.reserved AS available";

/// Writes the event of a debit that took the balance below a threshold, in the transaction of the debit and under the wallet's
/// lock. Nothing when it did not.
pub async fn announce(tx: &TenantTx) -> Result<(), StoreError> {
    let Some(row) = tx.row(PASS, params![tx.tenant().0 => UUID]).await? else { return Ok(()) };
    let event = DomainEvent::BalanceLow {
        tenant_id: tx.tenant(),
        threshold: Money::from_micros(row.get("threshold")),
        balance: Money::from_micros(row.get("available")),
    };
    outbox::put(tx, &event).await
}

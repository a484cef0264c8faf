//! Requests to correct a ledger, and what became of them.

use domain::billing::AdjustmentState;
use domain::{AdjustmentId, Money, TenantId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// It is stored with idempotency keys: a member that is added later needs `#[serde(default)]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    pub adjustment_id: AdjustmentId,
    pub tenant_id: TenantId,
    /// Negative when it takes money from the tenant.
    pub amount: Money,
    pub reason: String,
    /// The number of the entry that it corrects.
    pub corrects_seq: Option<i64>,
    /// Above this amount it needed a second person.
    pub approval_over: Money,
    pub state: AdjustmentState,
    pub requested_by: UserId,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Timestamp>,
    /// The number of the entry that it became.
    pub entry_seq: Option<i64>,
}

pub(crate) const STATEMENTS: &[&str] = &[INSERT, FIND, LOCK, DECIDE, LIST];

const INSERT: &str = "-- adjustments::insert
INSERT INTO adjustments (tenant_id, adjustment_id, amount, reason, corrects_seq, approval_over, state, requested_by, requested_at,
                         expires_at, entry_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

pub async fn insert(tx: &TenantTx, adjustment: &Adjustment) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, adjustment.adjustment_id.0 => UUID, adjustment.amount.micros() => INT8,
        adjustment.reason => TEXT, adjustment.corrects_seq => INT8, adjustment.approval_over.micros() => INT8,
        adjustment.state.as_str() => TEXT, adjustment.requested_by.0 => UUID, adjustment.requested_at => TIMESTAMPTZ,
        adjustment.expires_at => TIMESTAMPTZ, adjustment.entry_seq => INT8,
    ];
    tx.run_one(INSERT, values).await
}

/// The columns of a request, as of the instant of the parameter that is named.
macro_rules! columns {
    ($now:literal) => {
        concat!(
            "tenant_id, adjustment_id, amount, reason, corrects_seq, approval_over,
       CASE WHEN state = 'PENDING' AND expires_at <= ",
            $now,
            " THEN 'EXPIRED' ELSE state END AS state,
       requested_by, requested_at, expires_at, decided_by, decided_at, entry_seq
  FROM adjustments "
        )
    };
}

const FIND: &str =
    concat!("-- adjustments::find\nSELECT ", columns!("$2::timestamptz"), "WHERE adjustment_id = $1");

/// A request of any tenant.
pub async fn find(tx: &SystemTx, id: AdjustmentId) -> Result<Option<Adjustment>, StoreError> {
    let row = tx.row(FIND, params![id.0 => UUID, tx.now() => TIMESTAMPTZ]).await?;
    row.as_ref().map(from_row).transpose()
}

const LOCK: &str = concat!(
    "-- adjustments::lock\nSELECT ",
    columns!("$3::timestamptz"),
    "WHERE tenant_id = $1 AND adjustment_id = $2 FOR NO KEY UPDATE"
);

/// Locks a request, after the tenant's wallet.
pub async fn lock(tx: &TenantTx, id: AdjustmentId) -> Result<Option<Adjustment>, StoreError> {
    let row = tx.row(LOCK, params![tx.tenant().0 => UUID, id.0 => UUID, tx.now() => TIMESTAMPTZ]).await?;
    row.as_ref().map(from_row).transpose()
}

const DECIDE: &str = "-- adjustments::decide
UPDATE adjustments SET state = $3, decided_by = $4, decided_at = $5, entry_seq = $6
 WHERE tenant_id = $1 AND adjustment_id = $2 AND state = 'PENDING'";

/// Writes what was decided about a locked request.
pub async fn decide(tx: &TenantTx, decided: &Adjustment) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, decided.adjustment_id.0 => UUID, decided.state.as_str() => TEXT,
        decided.decided_by.map(|user| user.0) => UUID, decided.decided_at => TIMESTAMPTZ, decided.entry_seq => INT8,
    ];
    tx.run_one(DECIDE, values).await
}

const LIST: &str = concat!(
    "-- adjustments::list\nSELECT ",
    columns!("$3::timestamptz"),
    "WHERE adjustment_id < $1 ORDER BY adjustment_id DESC LIMIT $2"
);

/// Every tenant's requests older than `before`, newest first.
pub async fn list(tx: &SystemTx, before: AdjustmentId, limit: i64) -> Result<Vec<Adjustment>, StoreError> {
    let values = params![before.0 => UUID, limit => INT8, tx.now() => TIMESTAMPTZ];
    tx.rows(LIST, values).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Adjustment, StoreError> {
    Ok(Adjustment {
        adjustment_id: AdjustmentId(row.get("adjustment_id")),
        tenant_id: TenantId(row.get("tenant_id")),
        amount: Money::from_micros(row.get("amount")),
        reason: row.get("reason"),
        corrects_seq: row.get("corrects_seq"),
        approval_over: Money::from_micros(row.get("approval_over")),
        state: word(row, "adjustments", "state")?,
        requested_by: UserId(row.get("requested_by")),
        requested_at: row.get("requested_at"),
        expires_at: row.get("expires_at"),
        decided_by: row.get::<_, Option<Uuid>>("decided_by").map(UserId),
        decided_at: row.get("decided_at"),
        entry_seq: row.get("entry_seq"),
    })
}

//! The append-only ledger.

use domain::billing::EntryKind;
use domain::messages::StatusSet;
use domain::{MessageId, Money};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{TenantTx, params};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's number within the tenant, without gaps.
    pub seq: i64,
    pub kind: EntryKind,
    /// Negative for a debit.
    pub amount: Money,
    pub balance_after: Money,
    /// The message of a debit or refund.
    pub message_id: Option<MessageId>,
    /// The debit that a refund gives back.
    pub debit_seq: Option<i64>,
    /// Why, or what for.
    pub note: Option<String>,
    pub recorded_at: Timestamp,
    /// For a debit: the delivery statuses received of its message.
    pub evidence: StatusSet,
    /// For a debit: whether a refund names it.
    pub is_refunded: bool,
}

pub(crate) const STATEMENTS: &[&str] = &[TOP_UP, SAME_TOP_UP, LIST];

const TOP_UP: &str = "-- ledger::top_up
WITH wallet AS (
    UPDATE wallets SET balance = balance + $2, seq = seq + 1, recorded_until = greatest(recorded_until, $5)
     WHERE tenant_id = $1 RETURNING balance, seq, recorded_until)
INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, note, booked_by, recorded_at)
SELECT $1, wallet.seq, 'TOPUP', $2, wallet.balance, $3, $4, wallet.recorded_until FROM wallet RETURNING seq, balance_after";

/// Books credit; returns the entry's number and the new balance, or `None` when the tenant has no wallet.
///
/// The update of the wallet is also its lock: it is one row, and nothing is read before.
pub async fn top_up(
    tx: &TenantTx,
    amount: Money,
    note: Option<&str>,
) -> Result<Option<(i64, Money)>, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, amount.micros() => INT8, note => TEXT, tx.actor().id() => UUID, tx.now() => TIMESTAMPTZ,
    ];
    let row = tx.row(TOP_UP, values).await?;
    Ok(row.map(|row| (row.get("seq"), Money::from_micros(row.get("balance_after")))))
}

const SAME_TOP_UP: &str = "-- ledger::same_top_up
SELECT e.seq, e.recorded_at FROM ledger l JOIN ledger e ON e.tenant_id = $1 AND e.kind = l.kind AND e.kind IN ('TOPUP', 'ADJUSTMENT')
   AND e.amount = l.amount AND e.note IS NOT DISTINCT FROM l.note AND e.booked_by = l.booked_by
 WHERE l.tenant_id = $1 AND l.seq = $2 AND e.seq < $2 AND e.seq > ledger_seq_before($1, $3)
 ORDER BY e.seq DESC LIMIT 1";

/// The last entry since `since` that books the same as the top-up `seq`: amount, note and who booked it. Asked in the
/// transaction of the top-up, under the wallet's lock.
pub async fn same_top_up(
    tx: &TenantTx,
    seq: i64,
    since: Timestamp,
) -> Result<Option<(i64, Timestamp)>, StoreError> {
    let values = params![tx.tenant().0 => UUID, seq => INT8, since => TIMESTAMPTZ];
    let row = tx.row(SAME_TOP_UP, values).await?;
    Ok(row.map(|row| (row.get("seq"), row.get("recorded_at"))))
}

const LIST: &str = "-- ledger::list
SELECT e.seq, e.kind, e.amount, e.balance_after, e.message_id, e.debit_seq, e.note, e.recorded_at,
       coalesce(m.evidence, 0::smallint) AS evidence,
       EXISTS (SELECT FROM ledger r WHERE r.tenant_id = e.tenant_id AND r.debit_seq = e.seq AND r.kind = 'REFUND') AS is_refunded
  FROM ledger e LEFT JOIN messages m ON m.tenant_id = e.tenant_id AND m.message_id = e.message_id AND e.kind = 'DEBIT'
 WHERE e.tenant_id = $1 AND e.seq < $2 ORDER BY e.tenant_id DESC, e.seq DESC LIMIT $3";

/// Entries before number `before`, newest first.
pub async fn list(tx: &TenantTx, before: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => INT8, limit => INT8]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        seq: row.get("seq"),
        kind: word(row, "ledger", "kind")?,
        amount: Money::from_micros(row.get("amount")),
        balance_after: Money::from_micros(row.get("balance_after")),
        message_id: row.get::<_, Option<uuid::Uuid>>("message_id").map(MessageId),
        debit_seq: row.get("debit_seq"),
        note: row.get("note"),
        recorded_at: row.get("recorded_at"),
        evidence: StatusSet::from_bits(row.get("evidence")),
        is_refunded: row.get("is_refunded"),
    })
}

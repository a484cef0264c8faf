//! Wallets and the append-only ledger.

use domain::message::EvidenceSet;
use domain::{MessageId, Money, TenantId, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::claims::{lock_wallet, uuids};
use crate::error::StoreError;
use crate::tx::{Tx, params};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number within the tenant, without gaps.
    pub seq: i64,
    /// `TOPUP`, `DEBIT`, `REFUND` or `ADJUSTMENT`.
    pub kind: String,
    /// Negative for a debit.
    pub amount: Money,
    /// The balance with it.
    pub balance_after: Money,
    /// The message of a debit or refund.
    pub message_id: Option<MessageId>,
    /// The debit that a refund gives back.
    pub debit_seq: Option<i64>,
    /// Why, or what for.
    pub note: Option<String>,
    /// When.
    pub recorded_at: Timestamp,
    /// For a debit: what was heard of its message.
    pub evidence: EvidenceSet,
    /// For a debit: whether a refund names it.
    pub is_refunded: bool,
}

/// Why money is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundReason {
    /// Meta took the message and then failed to deliver it.
    Failed,
    /// Meta never took it.
    Rejected,
    /// Nobody ever learned what became of it.
    Unresolved,
}

impl RefundReason {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Unresolved => "unresolved",
        }
    }
}

pub(crate) const STATEMENTS: &[&str] = &[BALANCE, TOP_UP, PROMISE, REFUND, LIST];

const BALANCE: &str = "-- ledger::balance
SELECT balance FROM wallets WHERE tenant_id = $1";

/// What a tenant has.
pub async fn balance(tx: &Tx, tenant: TenantId) -> Result<Option<Money>, StoreError> {
    let row = tx.row(BALANCE, params![tenant.0 => UUID]).await?;
    Ok(row.map(|row| Money::from_micros(row.get("balance"))))
}

const TOP_UP: &str = "-- ledger::top_up
WITH wallet AS (
    UPDATE wallets SET balance = balance + $2, seq = seq + 1 WHERE tenant_id = $1 RETURNING balance, seq)
INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, note, booked_by, recorded_at)
SELECT $1, wallet.seq, 'TOPUP', $2, wallet.balance, $3, $4, $5 FROM wallet RETURNING seq, balance_after";

/// Books credit; tells the entry's number and the new balance, or `None` when the tenant has no wallet.
///
/// The update of the wallet is its own lock: one row, nothing read before.
pub async fn top_up(
    tx: &Tx,
    credit: (TenantId, Money),
    note: Option<&str>,
    booked_by: UserId,
    now: Timestamp,
) -> Result<Option<(i64, Money)>, StoreError> {
    let (tenant, amount) = credit;
    let values = params![
        tenant.0 => UUID, amount.micros() => INT8, note => TEXT, booked_by.0 => UUID, now => TIMESTAMPTZ,
    ];
    let row = tx.row(TOP_UP, values).await?;
    Ok(row.map(|row| (row.get("seq"), Money::from_micros(row.get("balance_after")))))
}

const PROMISE: &str = "-- ledger::promise
INSERT INTO refund_promises (tenant_id, message_id, reason, promised_at)
SELECT $1, message_id, $3, $4 FROM unnest($2::uuid[]) AS m (message_id) ON CONFLICT DO NOTHING";

/// Owes refunds: written in the transaction that finds them owing, so that no crash can forget one (I6).
pub async fn promise(
    tx: &Tx,
    tenant: TenantId,
    messages: &[MessageId],
    reason: RefundReason,
    now: Timestamp,
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let values = params![
        tenant.0 => UUID, uuids(messages) => UUID_ARRAY, reason.as_str() => TEXT, now => TIMESTAMPTZ,
    ];
    tx.run(PROMISE, values).await.map(drop)
}

const REFUND: &str = "-- ledger::refund
WITH owed AS (
    DELETE FROM refund_promises WHERE tenant_id = $1 AND message_id = ANY ($2) RETURNING message_id, reason),
debits AS MATERIALIZED (
    SELECT d.seq, d.message_id, -d.amount AS amount, owed.reason
      FROM owed JOIN ledger d ON d.tenant_id = $1 AND d.message_id = owed.message_id AND d.kind = 'DEBIT'
     WHERE NOT EXISTS (SELECT FROM ledger r WHERE r.tenant_id = $1 AND r.debit_seq = d.seq AND r.kind = 'REFUND')),
credits AS (
    INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, debit_seq, note, recorded_at)
    SELECT $1, w.seq + row_number() OVER by_seq, 'REFUND', d.amount,
           w.balance + sum(d.amount) OVER by_seq, d.message_id, d.seq, d.reason, $3
      FROM debits d CROSS JOIN wallets w WHERE w.tenant_id = $1
    WINDOW by_seq AS (ORDER BY d.seq ROWS UNBOUNDED PRECEDING)
    RETURNING amount)
UPDATE wallets SET balance = balance + total.amount, seq = seq + total.entries
  FROM (SELECT coalesce(sum(amount), 0)::bigint AS amount, count(*) AS entries FROM credits) AS total
 WHERE tenant_id = $1 RETURNING total.entries";

/// Pays what is owed for these messages, each debit at most once however often it is asked for (I5); tells how many.
pub async fn refund(
    tx: &Tx,
    tenant: TenantId,
    messages: &[MessageId],
    now: Timestamp,
) -> Result<i64, StoreError> {
    lock_wallet(tx, tenant).await?;
    let row =
        tx.row(REFUND, params![tenant.0 => UUID, uuids(messages) => UUID_ARRAY, now => TIMESTAMPTZ]).await?;
    Ok(row.map_or(0, |row| row.get("entries")))
}

const LIST: &str = "-- ledger::list
SELECT e.seq, e.kind, e.amount, e.balance_after, e.message_id, e.debit_seq, e.note, e.recorded_at,
       coalesce(m.evidence, 0::smallint) AS evidence,
       EXISTS (SELECT FROM ledger r WHERE r.tenant_id = e.tenant_id AND r.debit_seq = e.seq AND r.kind = 'REFUND') AS is_refunded
  FROM ledger e LEFT JOIN messages m ON m.tenant_id = e.tenant_id AND m.message_id = e.message_id AND e.kind = 'DEBIT'
 WHERE e.tenant_id = $1 AND e.seq < $2 ORDER BY e.tenant_id DESC, e.seq DESC LIMIT $3";

/// Entries before number `before`, newest first.
pub async fn list(tx: &Tx, tenant: TenantId, before: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows = tx.rows(LIST, params![tenant.0 => UUID, before => INT8, limit => INT8]).await?;
    Ok(rows.iter().map(from_row).collect())
}

fn from_row(row: &Row) -> Entry {
    Entry {
        seq: row.get("seq"),
        kind: row.get("kind"),
        amount: Money::from_micros(row.get("amount")),
        balance_after: Money::from_micros(row.get("balance_after")),
        message_id: row.get::<_, Option<uuid::Uuid>>("message_id").map(MessageId),
        debit_seq: row.get("debit_seq"),
        note: row.get("note"),
        recorded_at: row.get("recorded_at"),
        evidence: EvidenceSet::from_bits(row.get("evidence")),
        is_refunded: row.get("is_refunded"),
    }
}

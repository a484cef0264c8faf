//! Refunds: promised in the transaction that finds them owed, paid later, each debit at most once.

use domain::MessageId;
use domain::billing::RefundReason;

use crate::billing::wallet;
use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params, uuids};

pub(crate) const STATEMENTS: &[&str] = &[PROMISE, PAY, WRITE_OFF];

const PROMISE: &str = "-- refunds::promise
INSERT INTO refund_promises (tenant_id, message_id, reason, promised_at)
SELECT $1, message_id, $3, greatest($4, updated_at) FROM messages WHERE tenant_id = $1 AND message_id = ANY ($2)
 ORDER BY message_id
    ON CONFLICT DO NOTHING";

/// Promises refunds in the transaction that finds them owed, so that a crash cannot lose one (I6).
pub async fn promise(tx: &TenantTx, messages: &[MessageId], reason: RefundReason) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let values = params![
        tx.tenant().0 => UUID, uuids(messages) => UUID_ARRAY, reason.as_str() => TEXT, tx.now() => TIMESTAMPTZ,
    ];
    tx.run(PROMISE, values).await.map(drop)
}

const PAY: &str = "-- refunds::pay
WITH owed AS (
    DELETE FROM refund_promises WHERE tenant_id = $1 AND message_id = ANY ($2) RETURNING message_id, reason, promised_at),
debits AS MATERIALIZED (
    SELECT d.seq, d.message_id, -d.amount AS amount, owed.reason, greatest($3, owed.promised_at, d.recorded_at) AS paid_at
      FROM owed JOIN ledger d ON d.tenant_id = $1 AND d.message_id = owed.message_id AND d.kind = 'DEBIT'
     WHERE NOT EXISTS (SELECT FROM ledger r WHERE r.tenant_id = $1 AND r.debit_seq = d.seq AND r.kind = 'REFUND')),
credits AS (
    INSERT INTO ledger (tenant_id, seq, kind, amount, balance_after, message_id, debit_seq, note, recorded_at)
    SELECT $1, w.seq + row_number() OVER by_seq, 'REFUND', d.amount,
           w.balance + sum(d.amount) OVER by_seq, d.message_id, d.seq, d.reason,
           greatest(w.recorded_until, max(d.paid_at) OVER by_seq)
      FROM debits d CROSS JOIN wallets w WHERE w.tenant_id = $1
    WINDOW by_seq AS (ORDER BY d.seq ROWS UNBOUNDED PRECEDING)
    RETURNING amount, recorded_at)
UPDATE wallets SET balance = balance + total.amount, seq = seq + total.entries,
                   recorded_until = greatest(recorded_until, total.paid_at)
  FROM (SELECT coalesce(sum(amount), 0)::bigint AS amount, count(*) AS entries, max(recorded_at) AS paid_at FROM credits) AS total
 WHERE tenant_id = $1 RETURNING total.entries";

/// Pays the promised refunds of these messages, each debit at most once, however often it runs (I5); returns how many.
pub async fn pay(tx: &TenantTx, messages: &[MessageId]) -> Result<i64, StoreError> {
    wallet::lock(tx).await?;
    let rows = tx
        .rows_by_index(
            PAY,
            params![tx.tenant().0 => UUID, uuids(messages) => UUID_ARRAY, tx.now() => TIMESTAMPTZ],
        )
        .await?;
    Ok(rows.first().map_or(0, |row| row.get("entries")))
}

const WRITE_OFF: &str = "-- refunds::write_off
INSERT INTO write_offs (tenant_id, message_id, noted_at)
SELECT $1, message_id, greatest($3, updated_at) FROM messages WHERE tenant_id = $1 AND message_id = ANY ($2)
 ORDER BY message_id
    ON CONFLICT DO NOTHING";

/// Records messages that were refunded and delivered nevertheless.
pub async fn write_off(tx: &TenantTx, arrived: &[MessageId]) -> Result<(), StoreError> {
    if arrived.is_empty() {
        return Ok(());
    }
    let values = params![tx.tenant().0 => UUID, uuids(arrived) => UUID_ARRAY, tx.now() => TIMESTAMPTZ];
    tx.run(WRITE_OFF, values).await.map(drop)
}

//! Numbers that an operator is alerted by: each is 0 while all is well.

use jiff::SignedDuration;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, params};

/// How old something must be before it counts: by then the sweeper has run.
pub const LEFT_BEHIND: SignedDuration = SignedDuration::from_mins(2);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Batches with due messages that no dispatcher is working on (I14).
    pub overdue_batches: i64,
    /// Refunds promised and not paid (I6).
    pub open_refunds: i64,
    /// Seconds since the oldest UNKNOWN message became UNKNOWN (I7).
    pub unknown_age_seconds: i64,
    /// Statuses whose message is not known yet (I17).
    pub parked_updates: i64,
    /// Wallets whose balance differs from that of their last ledger entry (I1).
    pub drifted_wallets: i64,
}

pub(crate) const STATEMENTS: &[&str] = &[READ];

/// A number with a lease is being worked on, however late it is, and a paused account waits for its tenant. Wallets are
/// compared with their last entry only, through the primary key; the audit checks the whole chain.
const READ: &str = "-- gauges::read
SELECT (SELECT count(*) FROM batches b WHERE b.minute <= $1 AND EXISTS (
          SELECT FROM phone_numbers n
            LEFT JOIN sender_leases l ON l.tenant_id = n.tenant_id AND l.phone_number_id = n.phone_number_id
           CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
           WHERE n.tenant_id = b.tenant_id AND NOT is_stopped(n.tenant_id, n.phone_number_id) AND (l.lease_until IS NULL OR l.lease_until < $2) AND EXISTS (
              SELECT FROM due d WHERE d.tenant_id = b.tenant_id AND d.phone_number_id = n.phone_number_id
                                  AND d.priority = p.priority AND d.due_at <= b.minute))) AS overdue_batches,
       (SELECT count(*) FROM refund_promises WHERE promised_at <= $1) AS open_refunds,
       (SELECT coalesce(extract(epoch FROM $2 - min(since)), 0)::bigint FROM unknowns) AS unknown_age_seconds,
       (SELECT count(*) FROM parked_updates WHERE parked_at <= $1) AS parked_updates,
       (SELECT count(*) FROM wallets w WHERE w.balance <> coalesce(
          (SELECT balance_after FROM ledger l WHERE l.tenant_id = w.tenant_id ORDER BY seq DESC LIMIT 1), 0)) AS drifted_wallets";

pub async fn read(tx: &SystemTx) -> Result<Gauges, StoreError> {
    let row = tx.row(READ, params![tx.now() - LEFT_BEHIND => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ]).await?;
    Ok(row.map_or_else(Gauges::default, |row| Gauges {
        overdue_batches: row.get("overdue_batches"),
        open_refunds: row.get("open_refunds"),
        unknown_age_seconds: row.get("unknown_age_seconds"),
        parked_updates: row.get("parked_updates"),
        drifted_wallets: row.get("drifted_wallets"),
    }))
}

//! What decides whether a message goes now, read without a lock.

use domain::{MessageId, Money};
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[READ];

/// More messages than this are counted as this many.
pub const AHEAD_MAX: i64 = 100_000;

/// What decides whether a message goes, beside its own state and its holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    pub number: String,
    pub attempt: i16,
    pub not_after: Option<Timestamp>,
    /// When it is due among the waiting messages; later than `due_at` after a failed attempt.
    pub waits_until: Option<Timestamp>,
    /// Messages that go before it from the same number, counted up to [`AHEAD_MAX`].
    pub ahead: i64,
    pub messages_per_second: i32,
    /// A dispatcher works on the number until then at the latest.
    pub lease_until: Option<Timestamp>,
    /// The balance without what is reserved.
    pub spendable: Money,
    pub template_status: Option<String>,
    pub is_opted_out: bool,
    pub has_stopped_marketing: bool,
    pub traceparent: Option<String>,
}

const READ: &str = "-- circumstances::read
SELECT m.phone_number_id, m.attempt, m.not_after, m.traceparent, n.messages_per_second, l.lease_until, t.status AS template_status,
       (SELECT w.balance - w.reserved FROM wallets w WHERE w.tenant_id = $1) AS spendable,
       c.opted_out_at IS NOT NULL AND NOT c.opted_out_by_wish AS is_opted_out, c.opted_out_by_wish AS has_stopped_marketing,
       own.due_at AS waits_until,
       (SELECT count(*) FROM (
          SELECT FROM due d WHERE d.tenant_id = $1 AND d.phone_number_id = m.phone_number_id AND d.due_at <= $3
             AND (d.priority, d.due_at, d.message_id) < (own.priority, own.due_at, own.message_id) LIMIT $4) AS before) AS ahead
  FROM messages m
  JOIN contacts c ON c.tenant_id = $1 AND c.contact_id = m.contact_id
  JOIN phone_numbers n ON n.tenant_id = $1 AND n.phone_number_id = m.phone_number_id
  LEFT JOIN sender_leases l ON l.tenant_id = $1 AND l.phone_number_id = m.phone_number_id
  LEFT JOIN templates t ON t.tenant_id = $1 AND t.template_id = m.template_id
  LEFT JOIN LATERAL (
    SELECT d.priority, d.due_at, d.message_id FROM due d
     WHERE d.tenant_id = $1 AND d.phone_number_id = m.phone_number_id AND d.priority = ANY ('{0, 1, 2}') AND d.message_id = m.message_id
       AND (d.due_at = m.due_at OR m.dispatch_state = 'RESERVED')
     LIMIT 1) AS own ON true
 WHERE m.tenant_id = $1 AND m.message_id = $2";

/// What decides whether a message goes.
pub async fn read(tx: &TenantTx, message: MessageId) -> Result<Option<Circumstances>, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, message.0 => UUID, tx.now() => TIMESTAMPTZ, AHEAD_MAX => INT8,
    ];
    Ok(tx.row(READ, values).await?.map(|row| Circumstances {
        number: row.get("phone_number_id"),
        attempt: row.get("attempt"),
        not_after: row.get("not_after"),
        waits_until: row.get("waits_until"),
        ahead: row.get("ahead"),
        messages_per_second: row.get("messages_per_second"),
        lease_until: row.get("lease_until"),
        spendable: Money::from_micros(row.get("spendable")),
        template_status: row.get("template_status"),
        is_opted_out: row.get("is_opted_out"),
        has_stopped_marketing: row.get("has_stopped_marketing"),
        traceparent: row.get("traceparent"),
    }))
}

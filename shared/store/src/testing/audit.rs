//! What only tests and the story read for their audit: Meta's side is compared with it.

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, params};

/// A message as the comparison with Meta's side needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledgered {
    pub attempt_id: domain::AttemptId,
    pub message_id: domain::MessageId,
    /// Debits of the message.
    pub debits: i64,
    /// When the first was booked.
    pub debited_at: Option<jiff::Timestamp>,
    pub due_at: jiff::Timestamp,
}

pub(crate) const STATEMENTS: &[&str] = &[LEDGERED, STATES];

const LEDGERED: &str = "-- audit::ledgered
SELECT a.attempt_id, a.message_id, m.due_at,
       (SELECT count(*) FROM ledger d WHERE d.tenant_id = a.tenant_id AND d.message_id = a.message_id AND d.kind = 'DEBIT') AS debits,
       (SELECT min(recorded_at) FROM ledger d WHERE d.tenant_id = a.tenant_id AND d.message_id = a.message_id AND d.kind = 'DEBIT') AS debited_at
  FROM attempts a JOIN messages m USING (tenant_id, message_id)";

/// Every attempt with the debit of its message, to compare with what Meta accepted.
pub async fn ledgered(tx: &SystemTx) -> Result<Vec<Ledgered>, StoreError> {
    let rows = tx.rows(LEDGERED, params![]).await?;
    Ok(rows
        .iter()
        .map(|row| Ledgered {
            attempt_id: domain::AttemptId(row.get("attempt_id")),
            message_id: domain::MessageId(row.get("message_id")),
            debits: row.get("debits"),
            debited_at: row.get("debited_at"),
            due_at: row.get("due_at"),
        })
        .collect())
}

const STATES: &str = "-- audit::states
SELECT dispatch_state, count(*) AS messages FROM messages GROUP BY dispatch_state ORDER BY dispatch_state";

/// The number of messages in each state.
pub async fn states(tx: &SystemTx) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = tx.rows(STATES, params![]).await?;
    Ok(rows.iter().map(|row| (row.get("dispatch_state"), row.get("messages"))).collect())
}

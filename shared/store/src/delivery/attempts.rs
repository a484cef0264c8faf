//! The intent to send, committed before the call to Meta.

use domain::{AttemptId, ClaimId, MessageId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[MARK_INTENT];

const MARK_INTENT: &str = "-- attempts::mark_intent
WITH marked AS (
    UPDATE messages m SET dispatch_state = 'SENDING', attempt_id = u.attempt_id, deadline = $5, updated_at = $6
      FROM unnest($2::uuid[], $3::uuid[]) AS u (message_id, attempt_id)
     WHERE m.tenant_id = $1 AND m.message_id = u.message_id AND m.claim_id = $4 AND m.dispatch_state = 'RESERVED'
    RETURNING m.message_id, m.attempt_id)
INSERT INTO attempts (tenant_id, attempt_id, message_id, started_at)
SELECT $1, attempt_id, message_id, $6 FROM marked RETURNING message_id";

/// Commits us to sending: messages that this claim still holds become SENDING under their new attempt ids. Only those
/// that come back may be sent, and none of them may start after `deadline`.
pub async fn mark_intent(
    tx: &TenantTx,
    claim: ClaimId,
    attempts: &[(MessageId, AttemptId)],
    deadline: Timestamp,
) -> Result<Vec<MessageId>, StoreError> {
    let ids: Vec<Uuid> = attempts.iter().map(|(message, _)| message.0).collect();
    let attempt_ids: Vec<Uuid> = attempts.iter().map(|(_, attempt)| attempt.0).collect();
    let values = params![
        tx.tenant().0 => UUID, ids => UUID_ARRAY, attempt_ids => UUID_ARRAY, claim.0 => UUID, deadline => TIMESTAMPTZ,
        tx.now() => TIMESTAMPTZ,
    ];
    let rows = tx.rows(MARK_INTENT, values).await?;
    Ok(rows.iter().map(|row| MessageId(row.get("message_id"))).collect())
}

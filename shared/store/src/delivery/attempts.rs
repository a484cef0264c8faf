//! The intent to send, committed before the call to Meta.

use std::collections::HashSet;

use domain::{AttemptId, ClaimId, MessageId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[MARK_INTENT];

/// What became of messages whose intent was to be marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marked {
    /// They are SENDING now, and may be sent.
    pub sending: HashSet<MessageId>,
    /// They must not be sent any more: the contact opted out, or they are no longer valid.
    pub withdrawn: Vec<MessageId>,
    /// They must not be sent for now.
    pub held: Vec<MessageId>,
}

/// Everything that may have changed since the claim is asked once more here, in the last commit before the request; what was
/// claimed is within the plan, whatever else is held because of it. All of
/// the messages are locked first, in the order of their ids, because those that are not sent are written afterwards.
const MARK_INTENT: &str = "-- attempts::mark_intent
WITH stops AS MATERIALIZED (
    SELECT kind, key FROM holds WHERE tenant_id = $1 AND reason <> 'PLAN_LIMIT'),
asked AS MATERIALIZED (
    SELECT m.message_id, u.attempt_id,
           CASE WHEN c.opted_out_at IS NOT NULL AND (NOT c.opted_out_by_wish OR coalesce(t.category, m.category) = 'MARKETING')
                  OR m.not_after < $6 THEN 'WITHDRAWN'
                WHEN t.status <> 'APPROVED' OR EXISTS (SELECT FROM stops s WHERE CASE s.kind
                        WHEN 'TENANT' THEN true
                        WHEN 'ACCOUNT' THEN s.key = n.waba_id
                        WHEN 'NUMBER' THEN s.key = m.phone_number_id
                        WHEN 'TEMPLATE' THEN s.key = m.template_id::text
                        WHEN 'CAMPAIGN' THEN s.key = m.source_id::text
                        ELSE s.key = m.contact_id::text END) THEN 'HELD'
                ELSE 'SENDING' END AS verdict
      FROM unnest($2::uuid[], $3::uuid[]) AS u (message_id, attempt_id)
      JOIN messages m ON m.tenant_id = $1 AND m.message_id = u.message_id AND m.claim_id = $4 AND m.dispatch_state = 'RESERVED'
      JOIN contacts c ON c.tenant_id = $1 AND c.contact_id = m.contact_id
      JOIN phone_numbers n ON n.tenant_id = $1 AND n.phone_number_id = m.phone_number_id
      LEFT JOIN templates t ON t.tenant_id = $1 AND t.template_id = m.template_id
     ORDER BY m.message_id
       FOR NO KEY UPDATE OF m),
marked AS (
    UPDATE messages m SET dispatch_state = 'SENDING', attempt_id = a.attempt_id, deadline = $5,
           updated_at = greatest(m.updated_at, $6)
      FROM asked a
     WHERE m.tenant_id = $1 AND m.message_id = a.message_id AND a.verdict = 'SENDING'
       AND m.claim_id = $4 AND m.dispatch_state = 'RESERVED'
    RETURNING m.message_id, m.attempt_id),
started AS (
    INSERT INTO attempts (tenant_id, attempt_id, message_id, started_at)
    SELECT $1, attempt_id, message_id, $6 FROM marked)
SELECT message_id, 'SENDING' AS verdict FROM marked
 UNION ALL
SELECT message_id, verdict FROM asked WHERE verdict <> 'SENDING'";

/// Commits us to sending: messages that this claim still holds become SENDING under their new attempt ids. Only those in
/// `sending` may be sent, and none of them may start after `deadline`.
pub async fn mark_intent(
    tx: &TenantTx,
    claim: ClaimId,
    attempts: &[(MessageId, AttemptId)],
    deadline: Timestamp,
) -> Result<Marked, StoreError> {
    let ids: Vec<Uuid> = attempts.iter().map(|(message, _)| message.0).collect();
    let attempt_ids: Vec<Uuid> = attempts.iter().map(|(_, attempt)| attempt.0).collect();
    let values = params![
        tx.tenant().0 => UUID, ids => UUID_ARRAY, attempt_ids => UUID_ARRAY, claim.0 => UUID, deadline => TIMESTAMPTZ,
        tx.now() => TIMESTAMPTZ,
    ];
    let mut marked = Marked::default();
    for row in tx.rows_by_index(MARK_INTENT, values).await? {
        let message = MessageId(row.get("message_id"));
        match row.get("verdict") {
            "SENDING" => {
                marked.sending.insert(message);
            }
            "WITHDRAWN" => marked.withdrawn.push(message),
            "HELD" => marked.held.push(message),
            other => {
                return Err(StoreError::Inconsistent { table: "attempts", what: format!("verdict {other}") });
            }
        }
    }
    Ok(marked)
}

//! The last commit before the request: what may be sent becomes SENDING, and everything that may have changed since the
//! claim is asked once more. What must not be sent any more is refunded; what must not be sent for now waits again.

use std::collections::HashSet;

use domain::billing::RefundReason;
use domain::messages::{Event, Transition};
use domain::{AttemptId, ClaimId, MessageId};
use jiff::Timestamp;
use store::delivery::{attempts, states};
use store::{Operation, StoreError, TenantTx};

use crate::messages::transition;

/// Marks messages of a claim; none of them may start after `deadline`.
pub(crate) struct MarkIntent {
    pub claim_id: ClaimId,
    pub attempts: Vec<(MessageId, AttemptId)>,
    pub deadline: Timestamp,
}

pub(crate) struct Marked {
    /// They may be sent now.
    pub sending: HashSet<MessageId>,
    /// They were withdrawn, and their refunds are promised.
    pub promised: Vec<MessageId>,
}

impl Operation for MarkIntent {
    const NAME: &'static str = "mark_intent";
    type Done = Marked;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Marked, StoreError> {
        let attempts::Marked { sending, withdrawn, held } =
            attempts::mark_intent(tx, self.claim_id, &self.attempts, self.deadline).await?;
        let stopped: Vec<MessageId> = withdrawn.iter().chain(&held).copied().collect();
        let mut transitions = Vec::with_capacity(stopped.len());
        for message in states::lock(tx, &stopped).await? {
            // It may have been cancelled between the two statements.
            if message.claim_id != Some(self.claim_id) {
                continue;
            }
            let event = if withdrawn.contains(&message.message_id) { Event::Withdrawn } else { Event::Held };
            let mut transition = Transition::of(message);
            if transition::apply(&mut transition, event, RefundReason::Withdrawn).is_ok() {
                transition.retry_at = (event == Event::Held).then(|| tx.now());
                transitions.push(transition);
            }
        }
        transition::write(tx, &transitions).await?;
        Ok(Marked { sending, promised: transition::owed(&transitions, RefundReason::Withdrawn) })
    }
}

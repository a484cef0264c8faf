//! Gives back what a dispatch claimed and never called Meta for. It knows which calls it began; the sweeper, which would
//! find the rest when the claim's lease ends, must treat what is marked as sent.

use std::collections::HashSet;

use domain::billing::RefundReason;
use domain::messages::{DispatchState, Event, Transition};
use domain::{ClaimId, MessageId};
use store::billing::{refunds, wallet};
use store::delivery::{claims, states};
use store::{Operation, StoreError, TenantTx};

use crate::messages::transition;

/// Gives back the messages that a claim holds, except those for which a call began. Running it again changes nothing.
///
/// It is also the answer to a claim or a mark whose commit is in doubt. The wallet's lock waits for a claim that is still
/// running, the messages' locks for a mark; one that comes later finds the messages released and changes nothing.
pub(crate) struct HandBack {
    pub claim: ClaimId,
    pub begun: HashSet<MessageId>,
}

impl Operation for HandBack {
    const NAME: &'static str = "hand_back";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        wallet::lock(tx).await?;
        let mut ids = claims::messages(tx, self.claim).await?;
        ids.retain(|message| !self.begun.contains(message));
        let mut transitions = Vec::with_capacity(ids.len());
        for message in states::lock(tx, &ids).await? {
            if message.claim_id != Some(self.claim) {
                continue;
            }
            // Only the claim's own dispatch marks its messages, and it began no call for this one.
            let event = match message.state {
                DispatchState::Sending => Event::KnownUnsent,
                DispatchState::Pending
                | DispatchState::Reserved
                | DispatchState::Accepted
                | DispatchState::Rejected
                | DispatchState::Unknown
                | DispatchState::Cancelled
                | DispatchState::NoFunds
                | DispatchState::RefundedUnresolved => Event::LeaseOver,
            };
            let mut transition = Transition::of(message);
            if transition::apply(&mut transition, event, RefundReason::Rejected).is_ok() {
                let waits = transition.message.state == DispatchState::Reserved;
                transition.retry_at = waits.then(|| tx.now());
                transitions.push(transition);
            }
        }
        transition::write(tx, &transitions).await?;
        let given_up = transition::owed(&transitions, RefundReason::Rejected);
        if !given_up.is_empty() {
            refunds::pay(tx, &given_up).await?;
        }
        if self.begun.is_empty() {
            claims::free(tx, &[self.claim]).await?;
        }
        Ok(())
    }
}

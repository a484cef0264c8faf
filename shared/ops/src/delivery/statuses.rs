//! What Meta tells us after a send: every authentic status is stored, and what is shown follows from their set.
//!
//! Order and repetition cannot matter (I18, I19). A status whose message is not known yet is parked, never dropped
//! (I17); one that cannot be true is kept apart and moves no money. A failure promises its refund in the same
//! transaction (I6), and the refunds queue carries it.

use std::collections::BTreeMap;

use domain::billing::RefundReason;
use domain::messages::{LockedMessage, Transition};
use domain::updates::{KeptUpdate, StatusUpdate};
use domain::{MessageId, PhoneNumberId, TenantId};
use store::delivery::states;
use store::updates::unhandled;
use store::{Operation, StoreError, TenantTx, delivery::statuses};

use crate::billing::refund::enqueue_refunds;
use crate::kernel::platform::Platform;
use crate::messages::transition::{self, by_id};

/// Applies what waited for messages that became known beside it.
pub(crate) async fn apply_parked(platform: &Platform, tenant: TenantId) -> Result<(), StoreError> {
    let apply = ApplyStatuses { source: Source::Parked };
    let promised = platform.store.perform(&platform.as_system(tenant), &apply).await?;
    enqueue_refunds(platform, tenant, promised).await;
    Ok(())
}

pub(crate) fn numbers_of(statuses: &[StatusUpdate]) -> Vec<String> {
    let mut numbers: Vec<String> = statuses.iter().map(|status| status.phone_number_id.0.clone()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

pub(crate) fn aside(reason: &str, status: &StatusUpdate) -> KeptUpdate {
    tracing::warn!(reason, wamid = %status.wamid, "a status was kept aside");
    KeptUpdate { reason: reason.to_owned(), raw: serde_json::to_value(status).unwrap_or_default() }
}

pub(crate) enum Source {
    Heard(Vec<StatusUpdate>),
    Parked,
}

pub(crate) struct ApplyStatuses {
    pub source: Source,
}

impl Operation for ApplyStatuses {
    const NAME: &'static str = "apply_statuses";
    /// Messages whose refunds are promised now.
    type Done = Vec<MessageId>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Vec<MessageId>, StoreError> {
        let updates = match &self.source {
            Source::Heard(updates) => updates.clone(),
            Source::Parked => statuses::unpark_known(tx).await?,
        };
        let matches = statuses::matches(tx, &updates).await?;
        let (mut by_message, mut strangers) = (BTreeMap::<MessageId, Vec<&StatusUpdate>>::new(), Vec::new());
        for update in &updates {
            match matches.of(update) {
                Some(message) => by_message.entry(message).or_default().push(update),
                None => strangers.push(update),
            }
        }
        statuses::park(tx, &strangers).await?;
        let ids: Vec<MessageId> = by_message.keys().copied().collect();
        let mut locked = by_id(states::lock(tx, &ids).await?);
        let (mut transitions, mut received) = (Vec::new(), Vec::new());
        for (message, updates) in by_message {
            let Some(locked) = locked.remove(&message) else { continue };
            match receive(locked, &updates) {
                // A copy of what was heard before changes nothing, not even when the message changed (I19).
                Ok(transition) if !transition.has_new_status => {}
                Ok(transition) => {
                    received.extend(updates.into_iter().map(|update| (message, update)));
                    transitions.push(transition);
                }
                Err(reason) => self.keep_aside(tx, reason, &updates).await?,
            }
        }
        statuses::store(tx, &received).await?;
        transition::write(tx, &transitions).await?;
        for number in numbers_of(&updates) {
            statuses::heard(tx, &PhoneNumberId(number)).await?;
        }
        Ok(transition::owed(&transitions, RefundReason::Failed))
    }
}

impl ApplyStatuses {
    async fn keep_aside(
        &self,
        tx: &TenantTx,
        reason: &str,
        updates: &[&StatusUpdate],
    ) -> Result<(), StoreError> {
        for update in updates {
            unhandled::insert(tx, &aside(reason, update), tx.now()).await?;
        }
        Ok(())
    }
}

/// A status must come from the number that the message went out from, and of a message that can have gone out.
fn receive(message: LockedMessage, updates: &[&StatusUpdate]) -> Result<Transition, &'static str> {
    if updates.iter().any(|update| update.phone_number_id != message.number) {
        return Err("a status from another phone number than its message's");
    }
    let mut transition = Transition::of(message);
    // Meta's id of the message may be new to us: its answer can have been lost.
    transition.wamid = updates.first().map(|update| update.wamid.clone());
    transition::receive(&mut transition, updates)
        .map_err(|_impossible| "a status of a message that was never sent")?;
    Ok(transition)
}

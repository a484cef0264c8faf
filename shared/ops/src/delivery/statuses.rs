//! Delivery statuses from Meta: each is stored, and what a tenant is shown follows from their set.
//!
//! Order and repetition cannot matter (I18, I19). A status whose message is not known yet is parked, never dropped
//! (I17); an impossible one is stored as unhandled and moves no money. A failure promises its refund in the same
//! transaction (I6), and the refunds queue carries it.

use std::collections::BTreeMap;

use domain::billing::RefundReason;
use domain::messages::{LockedMessage, Transition};
use domain::updates::{StatusUpdate, UnhandledUpdate};
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

pub(crate) fn unhandled(reason: &str, status: &StatusUpdate) -> UnhandledUpdate {
    tracing::warn!(reason, wamid = %status.wamid, "a status was stored as unhandled");
    UnhandledUpdate { reason: reason.to_owned(), raw: serde_json::to_value(status).unwrap_or_default() }
}

pub(crate) enum Source {
    Received(Vec<StatusUpdate>),
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
            Source::Received(updates) => updates.clone(),
            Source::Parked => statuses::unpark_known(tx).await?,
        };
        let matches = statuses::matches(tx, &updates).await?;
        let (mut by_message, mut unknown) = (BTreeMap::<MessageId, Vec<&StatusUpdate>>::new(), Vec::new());
        for update in &updates {
            match matches.of(update) {
                Some(message) => by_message.entry(message).or_default().push(update),
                None => unknown.push(update),
            }
        }
        statuses::park(tx, &unknown).await?;
        let ids: Vec<MessageId> = by_message.keys().copied().collect();
        let mut locked = by_id(states::lock(tx, &ids).await?);
        let (mut transitions, mut received) = (Vec::new(), Vec::new());
        for (message, updates) in by_message {
            let Some(locked) = locked.remove(&message) else { continue };
            match receive(locked, &updates) {
                // A copy of a known status changes nothing, not even when the message changed (I19).
                Ok(transition) if !transition.has_new_status => {}
                Ok(transition) => {
                    received.extend(updates.into_iter().map(|update| (message, update)));
                    transitions.push(transition);
                }
                Err(reason) => self.store_unhandled(tx, reason, &updates).await?,
            }
        }
        statuses::store(tx, &received).await?;
        transition::write(tx, &transitions).await?;
        for number in numbers_of(&updates) {
            statuses::note_webhook(tx, &PhoneNumberId(number)).await?;
        }
        Ok(transition::owed(&transitions, RefundReason::Failed))
    }
}

impl ApplyStatuses {
    async fn store_unhandled(
        &self,
        tx: &TenantTx,
        reason: &str,
        updates: &[&StatusUpdate],
    ) -> Result<(), StoreError> {
        for update in updates {
            unhandled::insert(tx, &unhandled(reason, update), tx.now()).await?;
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

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
use jiff::{SignedDuration, Timestamp};
use store::delivery::states;
use store::updates::unhandled;
use store::{Operation, StoreError, TenantTx, delivery::statuses};

use crate::billing::refund::enqueue_refunds;
use crate::kernel::platform::Platform;
use crate::messages::transition::{self, by_id};

/// Parked statuses that one transaction looks at.
const LOOK_MAX: i64 = 1_000;
/// Why a parked status is stored as unhandled in the end.
const NOT_OURS: &str = "a status of a message that was not sent from here";

/// Looks at a tenant's parked statuses whose time has come: applies those whose message became known, and stores as
/// unhandled those that waited too long for one. Returns how many are no longer parked; what is not begun by `until` is left
/// to the next look.
pub(crate) async fn look_at_parked(
    platform: &Platform,
    tenant: TenantId,
    until: Timestamp,
) -> Result<usize, StoreError> {
    let mut done = 0;
    while platform.clock.now() < until {
        let look = ApplyStatuses { source: Source::Parked { before: platform.timings.horizon_long } };
        let applied = platform.store.perform(&platform.as_system(tenant), &look).await?;
        enqueue_refunds(platform, tenant, applied.promised).await;
        done += applied.unparked;
        if !applied.is_more_parked {
            break;
        }
    }
    Ok(done)
}

pub(crate) fn numbers_of(statuses: &[StatusUpdate]) -> Vec<String> {
    let mut numbers: Vec<String> = statuses.iter().map(|status| status.phone_number_id.0.clone()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

pub(crate) fn unhandled(reason: &str, status: &StatusUpdate, message: Option<MessageId>) -> UnhandledUpdate {
    // Its wamid is not logged: Meta writes the recipient's phone number into it.
    tracing::warn!(reason, message_id = message.map(tracing::field::display), phone_number_id = %status.phone_number_id, "A status was stored as unhandled.");
    UnhandledUpdate { reason: reason.to_owned(), raw: serde_json::to_value(status).unwrap_or_default() }
}

pub(crate) enum Source {
    Received(Vec<StatusUpdate>),
    /// Parked statuses whose time has come.
    Parked {
        /// How long one is parked at most.
        before: SignedDuration,
    },
}

pub(crate) struct ApplyStatuses {
    pub source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    /// Messages whose refunds are promised now.
    pub promised: Vec<MessageId>,
    /// Statuses that are no longer parked.
    unparked: usize,
    /// Whether more parked statuses are to be looked at now.
    is_more_parked: bool,
}

impl Operation for ApplyStatuses {
    const NAME: &'static str = "apply_statuses";
    type Done = Applied;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Applied, StoreError> {
        let (updates, unparked, is_more_parked) = match &self.source {
            Source::Received(updates) => (updates.clone(), 0, false),
            Source::Parked { before } => {
                let look = statuses::look_at_parked(tx, LOOK_MAX, tx.now() - *before, NOT_OURS).await?;
                let kept = usize::try_from(look.kept).unwrap_or(usize::MAX);
                let unparked = look.known.len() + kept;
                let postponed = usize::try_from(look.postponed).unwrap_or(usize::MAX);
                let is_full = i64::try_from(unparked + postponed).is_ok_and(|count| count >= LOOK_MAX);
                (look.known, unparked, is_full)
            }
        };
        let promised = apply(tx, &updates).await?;
        Ok(Applied { promised, unparked, is_more_parked })
    }
}

/// Applies statuses, and parks those whose message is not known. Returns the messages whose refunds are promised now.
async fn apply(tx: &TenantTx, updates: &[StatusUpdate]) -> Result<Vec<MessageId>, StoreError> {
    let matches = statuses::matches(tx, updates).await?;
    let (mut by_message, mut unknown) = (BTreeMap::<MessageId, Vec<&StatusUpdate>>::new(), Vec::new());
    for update in updates {
        match matches.of(update) {
            Some(message) => by_message.entry(message).or_default().push(update),
            None => unknown.push(update),
        }
    }
    statuses::park(tx, &unknown).await?;
    let named = updates.iter().filter(|update| matches.is_new_wamid_in(update));
    statuses::hasten(tx, &named.map(|update| update.wamid.0.as_str()).collect::<Vec<_>>()).await?;
    let ids: Vec<MessageId> = by_message.keys().copied().collect();
    let mut locked = by_id(states::lock(tx, &ids).await?);
    let (mut transitions, mut received) = (Vec::new(), Vec::new());
    for (message, updates) in by_message {
        let Some(locked) = locked.remove(&message) else { continue };
        let (updates, strange): (Vec<_>, Vec<_>) =
            updates.into_iter().partition(|update| update.phone_number_id == locked.number);
        store_unhandled(tx, message, "a status from another phone number than its message's", &strange)
            .await?;
        if updates.is_empty() {
            continue;
        }
        match receive(locked, &updates) {
            // A copy of a known status changes nothing, not even when the message changed (I19).
            Ok(transition) if !transition.has_new_status => {}
            Ok(transition) => {
                received.extend(updates.into_iter().map(|update| (message, update)));
                transitions.push(transition);
            }
            Err(reason) => store_unhandled(tx, message, reason, &updates).await?,
        }
    }
    statuses::store(tx, &received).await?;
    transition::write(tx, &transitions).await?;
    for number in numbers_of(updates) {
        statuses::note_webhook(tx, &PhoneNumberId(number)).await?;
    }
    Ok(transition::owed(&transitions, RefundReason::Failed))
}

async fn store_unhandled(
    tx: &TenantTx,
    message: MessageId,
    reason: &str,
    updates: &[&StatusUpdate],
) -> Result<(), StoreError> {
    for update in updates {
        unhandled::insert(tx, &unhandled(reason, update, Some(message)), tx.now()).await?;
    }
    Ok(())
}

/// A status must be of a message that can have gone out.
fn receive(message: LockedMessage, updates: &[&StatusUpdate]) -> Result<Transition, &'static str> {
    let mut transition = Transition::of(message);
    // Meta's id of the message may be new to us: its answer can have been lost.
    transition.wamid = updates.first().map(|update| update.wamid.clone());
    transition::receive(&mut transition, updates)
        .map_err(|_impossible| "a status of a message that was never sent")?;
    Ok(transition)
}

//! Delivery statuses from Meta: each is stored, and what a tenant is shown follows from their set.
//!
//! Order and repetition cannot matter (I18, I19). A status whose message is not known yet is parked, never dropped
//! (I17); an impossible one is stored as unhandled and moves no money. A failure promises its refund in the same
//! transaction (I6), and the refunds queue carries it.

use std::collections::{BTreeMap, BTreeSet};

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
        match &self.source {
            Source::Received(updates) => {
                let (promised, _) = apply(tx, updates.clone(), false).await?;
                Ok(Applied { promised, unparked: 0, is_more_parked: false })
            }
            Source::Parked { before } => {
                let due = statuses::due_parked(tx, LOOK_MAX).await?;
                let count = due.known.len() + due.unknown.len();
                let is_more_parked = i64::try_from(count).is_ok_and(|count| count >= LOOK_MAX);
                let (promised, taken) = apply(tx, due.known, true).await?;
                let kept = statuses::put_off(tx, &due.unknown, tx.now() - *before, NOT_OURS).await?;
                Ok(Applied { promised, unparked: taken + kept, is_more_parked })
            }
        }
    }
}

/// Applies statuses that were received or that were parked. Of those that were received, the ones whose message is not known
/// are parked. Returns the messages whose refunds are promised now, and how many statuses are no longer parked.
async fn apply(
    tx: &TenantTx,
    updates: Vec<StatusUpdate>,
    were_parked: bool,
) -> Result<(Vec<MessageId>, usize), StoreError> {
    let numbers = numbers_of(&updates);
    let matches = statuses::matches(tx, &updates).await?;
    let (known, unknown): (Vec<StatusUpdate>, Vec<StatusUpdate>) =
        updates.into_iter().partition(|update| matches.of(update).is_some());
    let ids: BTreeSet<MessageId> = known.iter().filter_map(|update| matches.of(update)).collect();
    // Messages first and then what is parked, here and where answers are recorded.
    let mut locked = by_id(states::lock(tx, &Vec::from_iter(ids)).await?);
    let updates = if were_parked {
        statuses::take(tx, &known).await?
    } else {
        statuses::park(tx, &unknown).await?;
        known
    };
    let named = updates.iter().filter(|update| matches.is_new_wamid_in(update));
    statuses::hasten(tx, &named.map(|update| update.wamid.0.as_str()).collect::<Vec<_>>()).await?;
    let mut by_message = BTreeMap::<MessageId, Vec<&StatusUpdate>>::new();
    for update in &updates {
        if let Some(message) = matches.of(update) {
            by_message.entry(message).or_default().push(update);
        }
    }
    let (mut transitions, mut received, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for (message, updates) in by_message {
        let Some(locked) = locked.remove(&message) else { continue };
        let (updates, strange): (Vec<_>, Vec<_>) =
            updates.into_iter().partition(|update| update.phone_number_id == locked.number);
        let another = "a status from another phone number than its message's";
        refused.extend(strange.into_iter().map(|update| unhandled(another, update, Some(message))));
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
            Err(reason) => {
                refused.extend(updates.into_iter().map(|update| unhandled(reason, update, Some(message))));
            }
        }
    }
    statuses::store(tx, &received).await?;
    transition::write(tx, &transitions).await?;
    unhandled::insert(tx, &refused, tx.now()).await?;
    for number in numbers {
        statuses::note_webhook(tx, &PhoneNumberId(number)).await?;
    }
    let taken = if were_parked { updates.len() } else { 0 };
    Ok((transition::owed(&transitions, RefundReason::Failed), taken))
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

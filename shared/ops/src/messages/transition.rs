//! Writes what `domain` decided about messages, in one go.

use std::collections::HashMap;

use domain::billing::RefundReason;
use domain::messages::{DispatchState, Event, Impossible, LockedMessage, Transition};
use domain::updates::StatusUpdate;
use domain::{ContactId, MessageId, Wamid};
use jiff::Timestamp;
use store::billing::refunds;
use store::contacts::consent;
use store::delivery::states;
use store::{StoreError, TenantTx};

/// Lets the dispatch machine decide; an impossible event is logged, and changes nothing.
pub(crate) fn apply(
    transition: &mut Transition,
    event: Event,
    reason: RefundReason,
) -> Result<(), Impossible> {
    transition.apply(event, reason).inspect_err(log)
}

/// Takes in statuses; impossible ones are logged, and change nothing.
pub(crate) fn receive(transition: &mut Transition, updates: &[&StatusUpdate]) -> Result<(), Impossible> {
    transition.receive(updates).inspect_err(log)
}

fn log(impossible: &Impossible) {
    let Impossible { message_id, state, event } = impossible;
    tracing::error!(%message_id, %state, ?event, "a message had an event that its state cannot have had");
}

/// Writes states, Meta's ids, what is due again, horizons, refunds that are owed, write-offs, and who stopped marketing. What
/// changes nothing is left as it is (I19).
pub(crate) async fn write(tx: &TenantTx, transitions: &[Transition]) -> Result<(), StoreError> {
    let changes: Vec<&Transition> = transitions.iter().filter(|transition| transition.is_change()).collect();
    states::apply(tx, &changes).await?;
    let named: Vec<(Wamid, MessageId)> = transitions
        .iter()
        .filter_map(|transition| Some((transition.wamid.clone()?, transition.message.message_id)))
        .collect();
    states::name(tx, &named).await?;
    let again: Vec<(&LockedMessage, Timestamp)> = transitions
        .iter()
        .filter_map(|transition| Some((&transition.message, transition.retry_at?)))
        .collect();
    states::requeue(tx, &again).await?;
    let unknown: Vec<&LockedMessage> = transitions
        .iter()
        .filter(|transition| transition.became(DispatchState::Unknown))
        .map(|transition| &transition.message)
        .collect();
    states::note_unknown(tx, &unknown).await?;
    states::forget_unknown(tx, &ids_of(transitions, |transition| transition.left(DispatchState::Unknown)))
        .await?;
    for reason in RefundReason::ALL {
        refunds::promise(tx, &owed(transitions, reason), reason).await?;
    }
    refunds::write_off(tx, &ids_of(transitions, |transition| transition.is_write_off)).await?;
    consent::stop(tx, &marketing_stops(&changes, tx.now())).await.map(drop)
}

/// The people of whom Meta says, in refusing or failing a message, that they stopped marketing.
fn marketing_stops(changes: &[&Transition], now: Timestamp) -> Vec<(ContactId, Option<Timestamp>)> {
    let is_stop = |transition: &&&Transition| {
        transition.error.as_ref().is_some_and(|error| meta::error::is_marketing_stop(error.code))
    };
    let stop = |transition: &&Transition| (transition.message.contact_id, transition.error_at.or(Some(now)));
    changes.iter().filter(is_stop).map(stop).collect()
}

/// The messages that are owed a refund for that reason.
pub(crate) fn owed(transitions: &[Transition], reason: RefundReason) -> Vec<MessageId> {
    ids_of(transitions, |transition| transition.refund == Some(reason))
}

fn ids_of(transitions: &[Transition], is_meant: impl Fn(&Transition) -> bool) -> Vec<MessageId> {
    transitions
        .iter()
        .filter(|transition| is_meant(transition))
        .map(|transition| transition.message.message_id)
        .collect()
}

pub(crate) fn by_id(messages: Vec<LockedMessage>) -> HashMap<MessageId, LockedMessage> {
    messages.into_iter().map(|message| (message.message_id, message)).collect()
}

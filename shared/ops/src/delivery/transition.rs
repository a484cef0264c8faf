//! What happened to messages, gathered while it is decided and written in one go.
//!
//! Deciding is `domain`'s: every change of state goes through [`on_event`] and every refund for a failure through
//! [`on_heard`]. This file only remembers what they said until [`write()`] hands it to the statements.

use domain::billing::RefundReason;
use std::collections::HashMap;

use domain::messages::{DispatchState, Effect, Event, Evidence, EvidenceSet, Step, on_event, on_heard};
use domain::updates::{MetaError, StatusUpdate};
use domain::{MessageId, Wamid};
use jiff::Timestamp;
use store::billing::refunds;
use store::delivery::states::{self, Held, Moved};
use store::{StoreError, TenantTx};

/// One message on its way to its next state.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// As it will be.
    pub held: Held,
    /// The state it was found in.
    pub was: DispatchState,
    /// Meta's id, when it was just learned.
    pub wamid: Option<Wamid>,
    /// Meta's error, when there was one.
    pub error: Option<MetaError>,
    /// The refund that is owed from now on.
    pub refund: Option<RefundReason>,
    /// It was refunded and arrived all the same.
    pub is_write_off: bool,
    /// When to try again.
    pub again_at: Option<Timestamp>,
    /// What it heard was not heard before.
    pub is_news: bool,
}

/// The state cannot have had this event: something is broken, and nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Impossible;

impl Change {
    /// Nothing yet.
    pub fn of(held: Held) -> Self {
        let was = held.state;
        let (wamid, error, refund, again_at) = (None, None, None, None);
        Self { held, was, wamid, error, refund, is_write_off: false, again_at, is_news: false }
    }

    /// Lets the machine decide about an event; `reason` is why money would go back.
    pub fn step(&mut self, event: Event, reason: RefundReason) -> Result<(), Impossible> {
        match on_event(self.held.state, event, self.held.attempt) {
            Step::To(state, effect) => {
                self.held.state = state;
                self.ask(effect, reason);
                Ok(())
            }
            Step::Stale => Ok(()),
            Step::Impossible => {
                tracing::error!(message = %self.held.message_id, state = %self.held.state, ?event, "impossible event");
                Err(Impossible)
            }
        }
    }

    /// Takes in statuses of this message, as a set.
    pub fn hear(&mut self, updates: &[&StatusUpdate]) -> Result<(), Impossible> {
        let before = self.held.evidence;
        let new = updates.iter().fold(EvidenceSet::NONE, |set, update| set.with(update.status));
        let was_refunded = self.held.refund_due;
        self.step(Event::Heard, RefundReason::Failed)?;
        if new.is_failed_alone() {
            // Refunded, and now Meta says itself that it failed: nothing was lost.
            self.is_write_off = false;
        }
        self.held.evidence = EvidenceSet::from_bits(before.bits() | new.bits());
        self.ask(on_heard(before, new, was_refunded), RefundReason::Failed);
        self.is_news = self.held.evidence != before || self.held.state != self.was;
        // Why it failed is told by the first failure, as the stored status does.
        let is_first_failure = !before.contains(Evidence::Failed);
        if let Some(error) =
            updates.iter().find_map(|update| update.error.clone()).filter(|_| is_first_failure)
        {
            self.error = Some(error);
        }
        Ok(())
    }

    fn ask(&mut self, effect: Effect, reason: RefundReason) {
        match effect {
            Effect::None | Effect::Debit => {}
            Effect::Refund => {
                self.held.refund_due = true;
                self.refund = Some(reason);
            }
            Effect::WriteOff => self.is_write_off = true,
        }
    }
}

/// Writes what was decided: states, names, waiting places, horizons, promises and write-offs.
pub(crate) async fn write(tx: &TenantTx, changes: &[Change]) -> Result<(), StoreError> {
    let moved: Vec<Moved> = changes.iter().map(moved).collect();
    states::apply(tx, &moved).await?;
    let named: Vec<(Wamid, MessageId)> =
        changes.iter().filter_map(|change| Some((change.wamid.clone()?, change.held.message_id))).collect();
    states::name(tx, &named).await?;
    let again: Vec<(&Held, Timestamp)> =
        changes.iter().filter_map(|change| Some((&change.held, change.again_at?))).collect();
    states::requeue(tx, &again).await?;
    let lost: Vec<&Held> = changes
        .iter()
        .filter(|change| change.became(DispatchState::Unknown))
        .map(|change| &change.held)
        .collect();
    states::note_unknown(tx, &lost).await?;
    let found = |change: &&Change| {
        change.was == DispatchState::Unknown && change.held.state != DispatchState::Unknown
    };
    let found: Vec<MessageId> = changes.iter().filter(found).map(|change| change.held.message_id).collect();
    states::forget_unknown(tx, &found).await?;
    for reason in [RefundReason::Failed, RefundReason::Rejected, RefundReason::Unresolved] {
        refunds::promise(tx, &owed(changes, reason), reason).await?;
    }
    let arrived: Vec<MessageId> =
        changes.iter().filter(|change| change.is_write_off).map(|change| change.held.message_id).collect();
    refunds::write_off(tx, &arrived).await
}

/// The messages that are owed a refund for that reason.
pub(crate) fn owed(changes: &[Change], reason: RefundReason) -> Vec<MessageId> {
    changes
        .iter()
        .filter(|change| change.refund == Some(reason))
        .map(|change| change.held.message_id)
        .collect()
}

impl Change {
    fn became(&self, state: DispatchState) -> bool {
        self.held.state == state && self.was != state
    }
}

fn moved(change: &Change) -> Moved {
    Moved {
        message_id: change.held.message_id,
        state: change.held.state,
        evidence: change.held.evidence,
        refund_due: change.held.refund_due,
        wamid: change.wamid.clone(),
        error: change.error.clone(),
    }
}

pub(crate) fn by_id(held: Vec<Held>) -> HashMap<MessageId, Held> {
    held.into_iter().map(|held| (held.message_id, held)).collect()
}

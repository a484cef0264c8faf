//! One message on its way to its next state: what was decided about it, to be written in one statement with others.

use jiff::Timestamp;

use super::{DeliveryStatus, DispatchState, Effect, Event, Lane, StatusSet, Step, on_event, on_statuses};
use crate::billing::RefundReason;
use crate::updates::{MetaError, MetaPricing, StatusUpdate};
use crate::{AttemptId, ClaimId, ContactId, MessageId, PhoneNumberId, Wamid};

/// What deciding needs to know of a message, read under its row lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedMessage {
    pub message_id: MessageId,
    pub contact_id: ContactId,
    pub state: DispatchState,
    /// 1 is the first attempt.
    pub attempt: i16,
    /// The last attempt that may have left.
    pub attempt_id: Option<AttemptId>,
    /// The claim that holds it.
    pub claim_id: Option<ClaimId>,
    pub statuses: StatusSet,
    /// A refund was promised or paid.
    pub refund_due: bool,
    /// The number it goes out from.
    pub number: PhoneNumberId,
    pub lane: Lane,
    /// Of the status whose pricing is stored ([`DeliveryStatus::pricing_rank`]); 0 when none is.
    pub pricing_rank: i16,
}

/// A message as it will be, and what follows from that.
#[derive(Clone, Debug)]
pub struct Transition {
    pub message: LockedMessage,
    /// The state it was found in.
    pub from: DispatchState,
    /// Meta's id, when it was just learned.
    pub wamid: Option<Wamid>,
    pub error: Option<MetaError>,
    /// When the error happened by Meta's clock, where Meta said so.
    pub error_at: Option<Timestamp>,
    /// What Meta charges for it, when a status says it that outranks the one which said it before.
    pub pricing: Option<MetaPricing>,
    /// A refund is owed from now on, for this reason.
    pub refund: Option<RefundReason>,
    /// It was refunded and arrived all the same.
    pub is_write_off: bool,
    /// When it is due again.
    pub retry_at: Option<Timestamp>,
    /// A status in it was not known before.
    pub has_new_status: bool,
}

/// The state cannot have had this event: something is broken, and nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message {message_id} is {state} and cannot have had the event {event:?}")]
pub struct Impossible {
    pub message_id: MessageId,
    pub state: DispatchState,
    pub event: Event,
}

impl Transition {
    /// Nothing has changed yet.
    pub const fn of(message: LockedMessage) -> Self {
        let from = message.state;
        Self {
            message,
            from,
            wamid: None,
            error: None,
            error_at: None,
            pricing: None,
            refund: None,
            is_write_off: false,
            retry_at: None,
            has_new_status: false,
        }
    }

    /// Lets the dispatch machine decide; `reason` is why money would go back.
    pub fn apply(&mut self, event: Event, reason: RefundReason) -> Result<(), Impossible> {
        match on_event(self.message.state, event, self.message.attempt) {
            Step::To(state, effect) => {
                self.message.state = state;
                self.take(effect, reason);
                Ok(())
            }
            Step::Stale => Ok(()),
            Step::Impossible => {
                Err(Impossible { message_id: self.message.message_id, state: self.message.state, event })
            }
        }
    }

    /// Takes in statuses of this message, as a set: order and repetition cannot matter (I18, I19).
    pub fn receive(&mut self, updates: &[&StatusUpdate]) -> Result<(), Impossible> {
        let before = self.message.statuses;
        let new = updates.iter().fold(StatusSet::NONE, |set, update| set.with(update.status));
        let was_refunded = self.message.refund_due;
        self.apply(Event::StatusReceived, RefundReason::Failed)?;
        if new.is_failed_alone() {
            // Refunded, and now Meta says itself that it failed: nothing was lost.
            self.is_write_off = false;
        }
        self.message.statuses = StatusSet::from_bits(before.bits() | new.bits());
        self.take(on_statuses(before, new, was_refunded), RefundReason::Failed);
        self.has_new_status = self.message.statuses != before || self.message.state != self.from;
        // The first failure says why, as the stored status does.
        if !before.contains(DeliveryStatus::Failed)
            && let Some(update) = updates.iter().find(|update| update.error.is_some())
        {
            self.error.clone_from(&update.error);
            self.error_at = update.occurred_at;
        }
        self.take_pricing(before, updates);
        Ok(())
    }

    /// Of the statuses that are new and say what Meta charges, the one of the highest rank counts; of two copies the first, as
    /// with the stored status.
    fn take_pricing(&mut self, before: StatusSet, updates: &[&StatusUpdate]) {
        let new = updates.iter().rev().filter(|update| !before.contains(update.status));
        let said = new.filter_map(|update| Some((update.status.pricing_rank(), update.pricing.as_ref()?)));
        if let Some((rank, pricing)) = said.max_by_key(|(rank, _)| *rank)
            && rank > self.message.pricing_rank
        {
            self.message.pricing_rank = rank;
            self.pricing = Some(pricing.clone());
        }
    }

    /// Whether there is anything to write. An event that came too late, or again, changes nothing: not even a time.
    pub fn is_change(&self) -> bool {
        self.message.state != self.from
            || self.has_new_status
            || self.refund.is_some()
            || self.is_write_off
            || self.retry_at.is_some()
    }

    /// Whether it is in that state now, and was in another one.
    pub fn became(&self, state: DispatchState) -> bool {
        self.message.state == state && self.from != state
    }

    /// Whether it left that state.
    pub fn left(&self, state: DispatchState) -> bool {
        self.from == state && self.message.state != state
    }

    fn take(&mut self, effect: Effect, reason: RefundReason) {
        match effect {
            Effect::None | Effect::Debit => {}
            Effect::Refund => {
                self.message.refund_due = true;
                self.refund = Some(reason);
            }
            Effect::WriteOff => self.is_write_off = true,
        }
    }
}

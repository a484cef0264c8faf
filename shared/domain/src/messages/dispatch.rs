//! What we did about sending a message: the dispatch machine.
//!
//! ```text
//! Pending ─claim, funds cover it─▶ Reserved ─mark intent─▶ Sending ─2xx with id─────▶ Accepted
//!    │ cancel ▶ Cancelled             │ lease over, held: stays      ├─ definite refusal ──▶ Rejected + refund
//!    │ no funds ▶ NoFunds             │ tries used up:         ├─ known unsent ──────▶ Reserved (or Rejected + refund)
//!                                     │ withdrawn:
//!                                     ▼ Rejected + refund      └─ anything else, or the process died ─▶ Unknown
//! Unknown ─evidence, or a late 2xx─▶ Accepted   ─late refusal─▶ Rejected + refund   ─horizon─▶ RefundedUnresolved + refund
//! RefundedUnresolved ─evidence later─▶ Accepted, the refund stays, a write-off is noted
//! ```
//!
//! Reserved and Sending are two commits on purpose: death in Reserved is known unsent and safely tried again, death in
//! Sending is unknown and never tried again. The database repeats every arrow as a compare-and-set; this function is
//! what those statements are written from, and what the exhaustive model in the tests runs.

use std::fmt;
use std::str::FromStr;

/// Attempts after which a message that never left is given up: the first and seven more.
pub const ATTEMPTS_MAX: i16 = 8;

/// Where sending stands. What a state knows beyond its name (price, attempt, wamid) stands in columns that the
/// database's own CHECKs tie to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DispatchState {
    /// Waits; nothing was debited.
    Pending,
    /// Debited; certainly not sent.
    Reserved,
    /// Debited; a call may be under way.
    Sending,
    /// Meta took it.
    Accepted,
    /// Refused for good; refunded.
    Rejected,
    /// May or may not have been taken.
    Unknown,
    /// Withdrawn, or no longer allowed, before anything was debited.
    Cancelled,
    /// The balance did not cover it.
    NoFunds,
    /// Unknown until its horizon; refunded.
    RefundedUnresolved,
}

impl DispatchState {
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Reserved,
        Self::Sending,
        Self::Accepted,
        Self::Rejected,
        Self::Unknown,
        Self::Cancelled,
        Self::NoFunds,
        Self::RefundedUnresolved,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Reserved => "RESERVED",
            Self::Sending => "SENDING",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
            Self::Unknown => "UNKNOWN",
            Self::Cancelled => "CANCELLED",
            Self::NoFunds => "NO_FUNDS",
            Self::RefundedUnresolved => "REFUNDED_UNRESOLVED",
        }
    }

    /// Whether nothing more happens by itself.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Accepted | Self::Rejected | Self::Cancelled | Self::NoFunds | Self::RefundedUnresolved => {
                true
            }
            Self::Pending | Self::Reserved | Self::Sending | Self::Unknown => false,
        }
    }
}

impl fmt::Display for DispatchState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DispatchState {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(UnknownState)
    }
}

/// A stored word that names no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no dispatch state")]
pub struct UnknownState;

/// What can happen to a message while it is dispatched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A dispatcher takes it and the balance covers it.
    ClaimFunded,
    /// A dispatcher takes it and the balance does not cover it.
    ClaimShort,
    /// Its tenant cancels it, or a check at claim time forbids it.
    Cancel,
    /// It must no longer be sent: cancelled, opted out of, too late, acknowledged.
    Withdrawn,
    /// It must not be sent for now; its template, number or contact is on hold.
    Held,
    /// A dispatcher that holds it takes it again after a back-off.
    Reclaim,
    /// The dispatcher is about to write the request.
    MarkIntent,
    /// The dispatcher's lease ran out.
    LeaseOver,
    /// Meta answered with an id.
    Accepted,
    /// Meta refused it for good.
    Refused,
    /// The call certainly did not reach Meta.
    KnownUnsent,
    /// The call may have reached Meta.
    Lost,
    /// An authentic status arrived.
    StatusReceived,
    /// Unknown for too long.
    HorizonPassed,
}

impl Event {
    pub const ALL: [Self; 14] = [
        Self::ClaimFunded,
        Self::ClaimShort,
        Self::Cancel,
        Self::Withdrawn,
        Self::Held,
        Self::Reclaim,
        Self::MarkIntent,
        Self::LeaseOver,
        Self::Accepted,
        Self::Refused,
        Self::KnownUnsent,
        Self::Lost,
        Self::StatusReceived,
        Self::HorizonPassed,
    ];
}

/// What a transition asks of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    None,
    /// One debit of the price.
    Debit,
    /// Credit the debit back, once.
    Refund,
    /// Note that a refunded message arrived after all.
    WriteOff,
}

/// What an event does to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The machine moves (possibly to where it is) and asks for something.
    To(DispatchState, Effect),
    /// Too late or a copy: nothing changes.
    Stale,
    /// Cannot happen unless something is broken; nothing changes and an error is logged.
    Impossible,
}

/// The machine: the next state of a message in its `attempt`-th attempt (1 is the first).
#[expect(
    clippy::match_same_arms,
    reason = "an arm is an answer to one question; equal answers have different reasons"
)]
pub const fn on_event(state: DispatchState, event: Event, attempt: i16) -> Step {
    use DispatchState as S;
    use Event as E;
    match state {
        S::Pending => match event {
            E::ClaimFunded => Step::To(S::Reserved, Effect::Debit),
            E::ClaimShort => Step::To(S::NoFunds, Effect::None),
            E::Cancel | E::Withdrawn => Step::To(S::Cancelled, Effect::None),
            E::Held | E::Reclaim | E::MarkIntent | E::LeaseOver | E::HorizonPassed => Step::Stale,
            E::Accepted | E::Refused | E::KnownUnsent | E::Lost | E::StatusReceived => Step::Impossible,
        },
        S::Reserved => on_event_reserved(event, attempt),
        S::Sending => match event {
            E::Accepted | E::StatusReceived => Step::To(S::Accepted, Effect::None),
            E::Refused => Step::To(S::Rejected, Effect::Refund),
            E::KnownUnsent if attempt >= ATTEMPTS_MAX => Step::To(S::Rejected, Effect::Refund),
            E::KnownUnsent => Step::To(S::Reserved, Effect::None),
            E::Lost | E::LeaseOver => Step::To(S::Unknown, Effect::None),
            E::ClaimFunded | E::ClaimShort | E::Cancel | E::Reclaim | E::MarkIntent | E::HorizonPassed => {
                Step::Stale
            }
            // Too late: a call may be under way.
            E::Withdrawn | E::Held => Step::Stale,
        },
        S::Unknown => match event {
            E::Accepted | E::StatusReceived => Step::To(S::Accepted, Effect::None),
            E::Refused => Step::To(S::Rejected, Effect::Refund),
            E::HorizonPassed => Step::To(S::RefundedUnresolved, Effect::Refund),
            // A late "certainly unsent" is not acted on: another attempt must never start from Unknown (I16).
            E::KnownUnsent | E::Lost | E::LeaseOver | E::Cancel => Step::Stale,
            E::ClaimFunded | E::ClaimShort | E::Reclaim | E::MarkIntent => Step::Stale,
            E::Withdrawn | E::Held => Step::Stale,
        },
        S::RefundedUnresolved => match event {
            E::Accepted | E::StatusReceived => Step::To(S::Accepted, Effect::WriteOff),
            E::Refused | E::KnownUnsent | E::Lost | E::LeaseOver | E::Cancel | E::HorizonPassed => {
                Step::Stale
            }
            E::ClaimFunded | E::ClaimShort | E::Reclaim | E::MarkIntent => Step::Stale,
            E::Withdrawn | E::Held => Step::Stale,
        },
        S::Accepted => match event {
            E::Refused => Step::Impossible,
            E::Accepted
            | E::KnownUnsent
            | E::Lost
            | E::LeaseOver
            | E::StatusReceived
            | E::Cancel
            | E::HorizonPassed => Step::Stale,
            E::ClaimFunded | E::ClaimShort | E::Reclaim | E::MarkIntent => Step::Stale,
            E::Withdrawn | E::Held => Step::Stale,
        },
        S::Rejected => on_event_rejected(event),
        S::Cancelled | S::NoFunds => match event {
            E::Accepted | E::Refused | E::KnownUnsent | E::Lost | E::StatusReceived => Step::Impossible,
            E::ClaimFunded | E::ClaimShort | E::Cancel | E::Reclaim => Step::Stale,
            E::MarkIntent | E::LeaseOver | E::HorizonPassed | E::Withdrawn | E::Held => Step::Stale,
        },
    }
}

#[expect(
    clippy::match_same_arms,
    reason = "an arm is an answer to one question; equal answers have different reasons"
)]
const fn on_event_reserved(event: Event, attempt: i16) -> Step {
    use DispatchState as S;
    use Event as E;
    match event {
        E::MarkIntent => Step::To(S::Sending, Effect::None),
        // Certainly not sent yet, so the debit goes back.
        E::Withdrawn => Step::To(S::Rejected, Effect::Refund),
        E::Reclaim | E::Held => Step::To(S::Reserved, Effect::None),
        E::LeaseOver if attempt >= ATTEMPTS_MAX => Step::To(S::Rejected, Effect::Refund),
        E::LeaseOver => Step::To(S::Reserved, Effect::None),
        // A status of an earlier attempt that we had classed as unsent: it left after all, so it must not leave again.
        E::StatusReceived => Step::To(S::Accepted, Effect::None),
        E::ClaimFunded | E::ClaimShort | E::Cancel | E::HorizonPassed => Step::Stale,
        E::Accepted | E::Refused | E::KnownUnsent | E::Lost => Step::Stale,
    }
}

#[expect(
    clippy::match_same_arms,
    reason = "an arm is an answer to one question; equal answers have different reasons"
)]
const fn on_event_rejected(event: Event) -> Step {
    use Event as E;
    match event {
        // Refused and refunded, and then a status came: it went out although Meta had refused it.
        E::StatusReceived => Step::To(DispatchState::Accepted, Effect::WriteOff),
        E::Accepted => Step::Impossible,
        E::Refused | E::KnownUnsent | E::Lost | E::LeaseOver | E::Cancel | E::HorizonPassed => Step::Stale,
        E::ClaimFunded | E::ClaimShort | E::Reclaim | E::MarkIntent => Step::Stale,
        E::Withdrawn | E::Held => Step::Stale,
    }
}

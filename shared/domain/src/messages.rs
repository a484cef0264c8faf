//! The life of a message as three machines that never share a column.
//!
//! * [`dispatch`] is ours: what we did about sending it.
//! * [`status`] is Meta's: which statuses were received, a *set*, so order and repetition cannot matter.
//! * the ledger is the money: whether its debit is pending, settled or refunded follows from the other two and from
//!   whether a refund entry exists ([`DebitStatus`]).
//!
//! What a tenant is shown ([`MessageStatus`]) is derived from the first two, never stored.

mod batch;
pub mod content;
pub mod dispatch;
pub mod outcome;
pub mod status;
pub mod transition;

pub use batch::Batch;
pub use content::{Content, Lane, Recipient, SERVICE, Source};
pub use dispatch::{DispatchState, Effect, Event, Step, on_event};
pub use outcome::Outcome;
use serde::{Deserialize, Serialize};
pub use status::{DeliveryStatus, StatusSet};
pub use transition::{Impossible, LockedMessage, Transition};
use uuid::Uuid;

use crate::kernel::id::MessageId;
use crate::kernel::page::PagePosition;
use crate::kernel::words::words;

/// What a tenant sees as the status of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageStatus {
    /// Waits for its time, or for its turn.
    Pending,
    /// Taken by a dispatcher, paid for, on its way to Meta.
    Sending,
    /// Meta took it.
    Accepted,
    /// Left Meta's servers.
    Sent,
    /// Reached the phone.
    Delivered,
    /// Was opened.
    Read,
    /// Meta gave up on it, or refused it.
    Failed,
    /// It is not known whether Meta took it; it is not sent again, and refunded if no status ever comes.
    Unknown,
    /// No status ever came; it was refunded.
    Unresolved,
    /// Withdrawn before it was sent.
    Cancelled,
    /// The balance did not cover it when it fell due.
    NoFunds,
}

words! { MessageStatus, UnknownMessageStatus, "is not a status of a message":
    Pending = "PENDING",
    Sending = "SENDING",
    Accepted = "ACCEPTED",
    Sent = "SENT",
    Delivered = "DELIVERED",
    Read = "READ",
    Failed = "FAILED",
    Unknown = "UNKNOWN",
    Unresolved = "UNRESOLVED",
    Cancelled = "CANCELLED",
    NoFunds = "NO_FUNDS",
}

/// What a tenant is shown. A status from Meta is stronger than our own state: a message that was read was sent, whatever
/// we know about the call that sent it.
pub const fn shown_status(state: DispatchState, statuses: StatusSet, is_withdrawn: bool) -> MessageStatus {
    if statuses.contains(DeliveryStatus::Read) {
        return MessageStatus::Read;
    }
    if statuses.contains(DeliveryStatus::Delivered) {
        return MessageStatus::Delivered;
    }
    if statuses.contains(DeliveryStatus::Failed) {
        return MessageStatus::Failed;
    }
    if statuses.contains(DeliveryStatus::Sent) {
        return MessageStatus::Sent;
    }
    match state {
        DispatchState::Pending => MessageStatus::Pending,
        DispatchState::Reserved | DispatchState::Sending => MessageStatus::Sending,
        DispatchState::Accepted => MessageStatus::Accepted,
        DispatchState::Rejected if is_withdrawn => MessageStatus::Cancelled,
        DispatchState::Rejected => MessageStatus::Failed,
        DispatchState::Unknown => MessageStatus::Unknown,
        DispatchState::Cancelled => MessageStatus::Cancelled,
        DispatchState::NoFunds => MessageStatus::NoFunds,
        DispatchState::RefundedUnresolved => MessageStatus::Unresolved,
    }
}

/// What new statuses ask of the ledger, beyond what the dispatch machine asks.
///
/// A failure is refunded once (I6), unless the message is known, before or with it, to have been delivered. What was
/// refunded and is delivered after all keeps its refund and is counted as a write-off.
pub const fn on_statuses(before: StatusSet, new: StatusSet, is_refund_due: bool) -> Effect {
    let after = StatusSet::from_bits(before.bits() | new.bits());
    if after.was_delivered() {
        return if is_refund_due && !before.was_delivered() { Effect::WriteOff } else { Effect::None };
    }
    if after.contains(DeliveryStatus::Failed) && !is_refund_due { Effect::Refund } else { Effect::None }
}

/// What became of a debit, as the API shows it: derived, because entries never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DebitStatus {
    /// The message has not resolved.
    Pending,
    /// It was delivered: the money is spent.
    Settled,
    /// A refund entry names it.
    Refunded,
}

words! { DebitStatus, UnknownDebitStatus, "is not a status of a debit":
    Pending = "PENDING",
    Settled = "SETTLED",
    Refunded = "REFUNDED",
}

/// What became of a message's debit. A refund stays a refund even when the message arrives after all.
pub const fn debit_status(statuses: StatusSet, refunded: bool) -> DebitStatus {
    if refunded {
        DebitStatus::Refunded
    } else if statuses.was_delivered() {
        DebitStatus::Settled
    } else {
        DebitStatus::Pending
    }
}

impl PagePosition for MessageId {
    const LIST: &'static str = "messages";
    const START: Self = Self(Uuid::max());
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

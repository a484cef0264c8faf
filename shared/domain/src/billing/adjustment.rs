use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::AdjustmentId;
use crate::kernel::page::PagePosition;
use crate::kernel::words::words;

/// Where a request to correct a ledger stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdjustmentState {
    /// Waits for a second person.
    Pending,
    /// It is an entry of the ledger.
    Booked,
    Rejected,
    /// It was not decided in time. That follows from the clock and is not stored.
    Expired,
}

words! { AdjustmentState, UnknownAdjustmentState, "must be PENDING, BOOKED, REJECTED or EXPIRED":
    Pending = "PENDING",
    Booked = "BOOKED",
    Rejected = "REJECTED",
    Expired = "EXPIRED",
}

impl PagePosition for AdjustmentId {
    const LIST: &'static str = "adjustments";
    const START: Self = Self(Uuid::max());
}

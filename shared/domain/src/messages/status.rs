//! The delivery statuses that Meta sent for one message, as a set.
//!
//! Statuses come late, doubled and out of order, and sometimes contradict each other (failed after delivered, and the
//! reverse). A set has no order, so every sequence of the same statuses ends in the same place (invariant I18).

use serde::{Deserialize, Serialize};

/// One kind of status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryStatus {
    /// It left Meta's servers.
    Sent,
    /// It reached a device.
    Delivered,
    /// It was opened (or, for a voice message, played).
    Read,
    /// Meta gave up.
    Failed,
}

impl DeliveryStatus {
    pub const ALL: [Self; 4] = [Self::Sent, Self::Delivered, Self::Read, Self::Failed];

    /// Meta's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }

    /// From Meta's word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Which of several statuses to believe about what Meta charges: it charges for what is delivered.
    pub const fn pricing_rank(self) -> i16 {
        match self {
            Self::Failed => 1,
            Self::Sent => 2,
            Self::Delivered => 3,
            Self::Read => 4,
        }
    }

    /// Its bit in a stored set.
    pub const fn bit(self) -> i16 {
        match self {
            Self::Sent => 1,
            Self::Delivered => 2,
            Self::Read => 4,
            Self::Failed => 8,
        }
    }
}

/// A set of statuses, stored as the sum of its bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StatusSet(i16);

impl StatusSet {
    /// No status was received.
    pub const NONE: Self = Self(0);

    /// From the database's bits.
    pub const fn from_bits(bits: i16) -> Self {
        Self(bits & 15)
    }

    /// As the database's bits.
    pub const fn bits(self) -> i16 {
        self.0
    }

    /// Whether a kind was received.
    pub const fn contains(self, kind: DeliveryStatus) -> bool {
        self.0 & kind.bit() != 0
    }

    /// With one more kind.
    #[must_use]
    pub const fn with(self, kind: DeliveryStatus) -> Self {
        Self(self.0 | kind.bit())
    }

    /// Whether it certainly reached a device.
    pub const fn was_delivered(self) -> bool {
        self.contains(DeliveryStatus::Delivered) || self.contains(DeliveryStatus::Read)
    }

    /// Whether it failed and nothing else is known of it.
    pub const fn is_failed_alone(self) -> bool {
        self.0 == DeliveryStatus::Failed.bit()
    }

    /// Whether no status was received.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

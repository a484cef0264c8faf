//! A batch: all messages of one tenant that fall due in one minute, woken together by one timer.

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::{TenantId, Timer, TimerKind};

/// One tenant's due minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    pub tenant: TenantId,
    /// The minute, as its first instant in UTC.
    pub minute: Timestamp,
}

impl Batch {
    /// The batch that a message due at `due_at` belongs to: the first whole minute that is not before it, because a
    /// schedule must never fire early (invariant I15).
    pub fn of(tenant: TenantId, due_at: Timestamp) -> Self {
        let mode = jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Ceil);
        Self { tenant, minute: due_at.round(mode).unwrap_or(due_at) }
    }

    /// The timer that wakes the batch's tenant.
    pub const fn timer(self) -> Timer {
        Timer { tenant: self.tenant, what: TimerKind::Dispatch, at: self.minute }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_never_fires_before_its_messages_are_due() {
        let tenant = TenantId::at(Timestamp::UNIX_EPOCH);
        for (due, minute) in [
            ("2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
            ("2026-12-31T10:00:00.000001Z", "2026-12-31T10:01:00Z"),
            ("2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ] {
            let batch = Batch::of(tenant, due.parse().unwrap());
            assert_eq!(batch.minute, minute.parse().unwrap());
            assert_eq!(batch.timer().at, batch.minute);
        }
    }
}

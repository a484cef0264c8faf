//! The source of time: a value that is passed around, so that a test can move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// The clock that a process was started with.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's own time.
    #[default]
    System,
    /// The machine's time moved by an offset that a test sets; clones share the offset (in milliseconds).
    Shifted(Arc<AtomicI64>),
}

impl Clock {
    pub fn shifted() -> Self {
        Self::Shifted(Arc::new(AtomicI64::new(0)))
    }

    /// The present instant, truncated to microseconds as Postgres stores it, so that it reads back equal.
    pub fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one place where time enters the product")]
        let real = Timestamp::now();
        let moved = match self {
            Self::System => real,
            Self::Shifted(offset) => real + SignedDuration::from_millis(offset.load(Ordering::SeqCst)),
        };
        Timestamp::from_microsecond(moved.as_microsecond()).unwrap_or(moved)
    }

    /// Moves a shifted clock forward; does nothing to the system's clock.
    pub fn advance(&self, by: SignedDuration) {
        match self {
            Self::System => {}
            Self::Shifted(offset) => {
                offset.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
            }
        }
    }
}

//! Calls to Meta, counted as they happen.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::messages::Outcome;

/// Calls to Meta, and how many of them went wrong in which of two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Messages that Meta was asked to send.
    pub made: usize,
    /// Those that Meta answered with an error of ours: a 4xx, its rate limits among them.
    pub refused: usize,
    /// Those without an answer that says what became of them: a 5xx, a time-out, no connection, no time to make one, or a
    /// panic.
    pub unanswered: usize,
}

impl CallCounts {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(_) => {}
            Outcome::Unknown | Outcome::KnownUnsent { wait: None, error: None } => self.unanswered += 1,
            Outcome::Rejected(_) | Outcome::KnownUnsent { .. } => self.refused += 1,
        }
    }

    /// The calls since `before`.
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            made: self.made - before.made,
            refused: self.refused - before.refused,
            unanswered: self.unanswered - before.unanswered,
        }
    }
}

/// The counter of one dispatch. Its caller owns it and not its result: how Meta answered matters most when the run fails.
#[derive(Debug, Default)]
pub struct CallStats(Mutex<CallCounts>);

impl CallStats {
    pub fn calls(&self) -> CallCounts {
        *self.count()
    }

    pub(crate) fn count(&self) -> MutexGuard<'_, CallCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

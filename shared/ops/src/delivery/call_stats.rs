//! Calls to Meta, counted as they happen.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::messages::Outcome;

/// Calls to Meta, and how many of them went wrong in which of two ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Messages that Meta was asked to send.
    pub made: usize,
    /// Those that Meta answered with an error of ours: a 4xx, its rate limits among them.
    pub refused: usize,
    /// Those without an answer that says what became of them: a 5xx, a time-out, no connection, no time to make one, or a
    /// panic.
    pub unanswered: usize,
}

impl Calls {
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(_) => {}
            Outcome::Unknown | Outcome::KnownUnsent { wait: None, error: None } => self.unanswered += 1,
            Outcome::Rejected(_) | Outcome::KnownUnsent { .. } => self.refused += 1,
        }
    }

    /// Those that came after these.
    pub(crate) const fn since(self, before: Self) -> Self {
        Self {
            made: self.made - before.made,
            refused: self.refused - before.refused,
            unanswered: self.unanswered - before.unanswered,
        }
    }
}

/// Where calls are counted as they happen. It belongs to whoever asks for the sending and not to what comes of it: how
/// Meta answered is asked most when a run breaks off.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Calls>);

impl Tally {
    /// What was counted so far.
    pub fn calls(&self) -> Calls {
        *self.count()
    }

    pub(crate) fn count(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

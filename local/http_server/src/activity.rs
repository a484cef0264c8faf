//! What a connection is doing, and since when: decided by its bytes, read by the server that may close it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::limits::Limits;

/// In the order in which connections are given up for another: those first whose client has shown least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// No whole head has arrived yet.
    New,
    /// A later head has begun.
    Head,
    /// Between an answer and the next request.
    Idle,
    /// The head is whole, the body is not.
    Body,
    /// The request is whole: it is being worked on or answered.
    Answer,
    /// Nothing more is read or written on it.
    Closed,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// Nothing of the answer is left to be made; it may not be written yet.
    is_answer_made: bool,
}

#[derive(Debug)]
pub(crate) struct Activity(Mutex<State>);

impl Activity {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(State { phase: Phase::New, since: now, is_answer_made: false }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes have arrived.
    pub(crate) fn received(&self) {
        let mut state = self.state();
        if state.phase == Phase::Idle {
            state.enter(Phase::Head);
        }
    }

    /// A head is whole. False when the connection was given up meanwhile.
    pub(crate) fn begin(&self, has_body: bool) -> bool {
        let mut state = self.state();
        if state.phase == Phase::Closed {
            return false;
        }
        state.enter(if has_body { Phase::Body } else { Phase::Answer });
        state.is_answer_made = false;
        true
    }

    /// The body is whole, or nobody wants the rest of it.
    pub(crate) fn body_ended(&self) {
        let mut state = self.state();
        if state.phase == Phase::Body {
            state.enter(Phase::Answer);
        }
    }

    pub(crate) fn answer_made(&self) {
        self.state().is_answer_made = true;
    }

    /// Everything that was to be written is written.
    pub(crate) fn flushed(&self) {
        let mut state = self.state();
        if std::mem::take(&mut state.is_answer_made) && state.phase != Phase::Closed {
            state.enter(Phase::Idle);
        }
    }

    /// Whether it has no request.
    pub(crate) fn is_between_requests(&self) -> bool {
        self.state().phase < Phase::Body
    }

    /// What it is waiting for and since when, unless it has a whole request.
    pub(crate) fn waits_since(&self) -> Option<(Phase, Instant)> {
        let state = self.state();
        (state.phase < Phase::Answer).then_some((state.phase, state.since))
    }

    /// Gives it up unless it has a whole request. From then on it begins none.
    pub(crate) fn close(&self) -> bool {
        let mut state = self.state();
        let may = state.phase < Phase::Answer;
        if may {
            state.enter(Phase::Closed);
        }
        may
    }

    /// Whether it has taken longer than it may, in which case it is given up.
    pub(crate) fn is_over(&self, now: Instant, limits: &Limits) -> bool {
        let mut state = self.state();
        let most = match state.phase {
            Phase::New | Phase::Head => limits.head,
            Phase::Idle => limits.idle,
            Phase::Body => limits.body,
            Phase::Answer => limits.answer,
            Phase::Closed => return true,
        };
        let is_over = now.saturating_duration_since(state.since) >= most;
        if is_over {
            state.enter(Phase::Closed);
        }
        is_over
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        (self.phase, self.since) = (phase, Instant::now());
    }
}

//! A claimed chunk on its way to Meta: intent, call, record, with many calls in flight.
//!
//! The order is what makes it safe. A message becomes SENDING in a commit of its own before its request is written, and
//! no request starts after the deadline that this commit stored: whoever finds it later knows that it may have left.

use std::time::Duration;

use cloud::trace::{self, TraceContext};
use domain::messages::Outcome;
use domain::{AttemptId, ClaimId, MessageId, PhoneNumber, with_causes};
use jiff::Timestamp;
use store::StoreError;
use store::delivery::claims::ClaimedMessage;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use crate::billing::refund::enqueue_refunds;
use crate::delivery::call_stats::Tally;
use crate::delivery::mark_intent::MarkIntent;
use crate::delivery::record::{Recorded, Sent, record};
use crate::delivery::session::Sender;

/// Messages whose intent is marked in one commit: half a second of sending. Whatever is marked when the process dies is
/// unknown, so few is kind; each commit costs, so not too few.
const MARKS_PER_SECOND: i32 = 2;
const MARK_MIN: usize = 10;
/// Outcomes recorded in one commit.
const RECORD_MAX: usize = 100;
/// The longest that an outcome waits for others to be recorded with.
const RECORD_WITHIN: Duration = Duration::from_millis(250);
/// Calls in flight at once, whatever the number's rate.
const IN_FLIGHT_MAX: usize = 1_000;
/// Tries to record before the outcomes are left to the claim's end.
const RECORD_TRIES: u32 = 4;

/// What sending a chunk came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// When the first of those that did not leave is to be tried again.
    pub again_at: Option<Timestamp>,
    /// Meta refused the connection: nothing more is sent through it.
    pub is_paused: bool,
}

/// Sends a chunk. What cannot be started in time stays with the claim until the sweeper gives it back.
pub(crate) async fn send_chunk(
    sender: &mut Sender<'_>,
    claim: (ClaimId, Timestamp),
    chunk: Vec<ClaimedMessage>,
) -> Result<Report, StoreError> {
    let (claim_id, lease_until) = claim;
    let mut run = Run::new(claim_id, sender.tally);
    let per_mark = usize::try_from(sender.rate / MARKS_PER_SECOND).unwrap_or(MARK_MIN).max(MARK_MIN);
    let mut is_complete = true;
    for part in chunk.chunks(per_mark) {
        let now = sender.platform.clock.now();
        let call_timeout =
            jiff::SignedDuration::try_from(sender.platform.meta.call_timeout()).unwrap_or_default();
        let deadline = (now + sender.platform.waits.start).min(lease_until - call_timeout);
        if deadline <= now || run.report.is_paused {
            is_complete = false;
            break;
        }
        let attempts: Vec<(MessageId, AttemptId)> =
            part.iter().map(|message| (message.message_id, AttemptId::random())).collect();
        let mark = MarkIntent { claim_id, attempts, deadline };
        let marked = sender.platform.store.perform(&sender.platform.as_system(sender.tenant), &mark).await?;
        enqueue_refunds(sender.platform, sender.tenant, marked.promised).await;
        for (message, (_, attempt)) in part.iter().zip(&mark.attempts) {
            if marked.sending.contains(&message.message_id) {
                run.start(sender, message, *attempt, deadline).await?;
            }
        }
    }
    while run.land().await {
        if run.done.len() >= RECORD_MAX {
            run.write_down(sender, false).await?;
        }
    }
    run.write_down(sender, is_complete).await?;
    Ok(run.report)
}

struct Run<'a> {
    claim_id: ClaimId,
    tally: &'a Tally,
    flying: JoinSet<Sent>,
    done: Vec<Sent>,
    oldest: Option<Instant>,
    report: Report,
}

impl<'a> Run<'a> {
    fn new(claim_id: ClaimId, tally: &'a Tally) -> Self {
        let (flying, done, report) = (JoinSet::new(), Vec::new(), Report::default());
        Self { claim_id, tally, flying, done, oldest: None, report }
    }

    /// Starts one call in its slot, and records what has come back meanwhile.
    async fn start(
        &mut self,
        sender: &mut Sender<'_>,
        message: &ClaimedMessage,
        attempt: AttemptId,
        deadline: Timestamp,
    ) -> Result<(), StoreError> {
        sender.pace.slot().await;
        while self.flying.len() >= IN_FLIGHT_MAX && self.land().await {}
        let call = meta::send::TemplateSend {
            to: PhoneNumber::from_stored(message.to.clone()),
            template: message.template.clone(),
            language: message.language.clone(),
            parameters: message.variables.clone(),
            attempt,
        };
        let (meta, clock) = (sender.platform.meta.clone(), sender.platform.clock.clone());
        // The request that the message came with may have been one of weeks ago: the call belongs to it.
        let span = TraceContext::received(message.traceparent.as_deref());
        let (token, from, message) = (sender.token.clone(), sender.number.clone(), message.message_id);
        let of = tracing::info_span!("send", traceId = span.trace_id(), %message);
        let call = async move {
            // Asked right before the request is written: a process that was frozen in between does not send (I13).
            let outcome = if clock.now() < deadline {
                meta.send_template(&token, &from, &call).await
            } else {
                Outcome::KnownUnsent { wait: None, error: None }
            };
            Sent { message, attempt, outcome }
        };
        self.flying.spawn(trace::within(span, call).instrument(of));
        self.tally.count().made += 1;
        while let Some(landed) = self.flying.try_join_next() {
            self.keep(landed);
        }
        let is_old = self.oldest.is_some_and(|since| since.elapsed() >= RECORD_WITHIN);
        if self.done.len() >= RECORD_MAX || is_old {
            self.write_down(sender, false).await?;
        }
        Ok(())
    }

    /// Waits for one call to come back; `false` when none is under way.
    async fn land(&mut self) -> bool {
        match self.flying.join_next().await {
            Some(landed) => {
                self.keep(landed);
                true
            }
            None => false,
        }
    }

    /// A call that panicked stays SENDING, which at its claim's end is what it is: unknown.
    fn keep(&mut self, landed: Result<Sent, tokio::task::JoinError>) {
        match landed {
            Ok(sent) => {
                self.tally.count().add(&sent.outcome);
                self.oldest.get_or_insert_with(Instant::now);
                self.done.push(sent);
            }
            // Where it panicked is in the log already; its words may quote somebody's number.
            Err(_panicked) => {
                self.tally.count().unanswered += 1;
                tracing::error!("a call to Meta panicked");
            }
        }
    }

    async fn write_down(&mut self, sender: &Sender<'_>, closes: bool) -> Result<(), StoreError> {
        if self.done.is_empty() && !closes {
            return Ok(());
        }
        let done = std::mem::take(&mut self.done);
        self.oldest = None;
        let recorded = record_with_patience(sender, self.claim_id, done, closes).await?;
        enqueue_refunds(sender.platform, sender.tenant, recorded.promised).await;
        self.report.again_at = self.report.again_at.into_iter().chain(recorded.again_at).min();
        self.report.is_paused |= recorded.is_paused;
        Ok(())
    }
}

/// What Meta answered is only in our hands now: a database that is away for a moment must not make it unknown.
async fn record_with_patience(
    sender: &Sender<'_>,
    claim: ClaimId,
    done: Vec<Sent>,
    closes: bool,
) -> Result<Recorded, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let outcome = record(sender.platform, sender.tenant, claim, done.clone(), closes).await;
        match outcome {
            Err(error @ StoreError::Unavailable(_)) if tries < RECORD_TRIES => {
                tracing::warn!(
                    error = with_causes(&error),
                    tries,
                    "outcomes could not be recorded; trying again"
                );
                tokio::time::sleep(Duration::from_millis(100) * 4_u32.pow(tries)).await;
            }
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::call_stats::Calls;

    #[tokio::test]
    async fn a_call_that_panics_is_one_without_an_answer() {
        let tally = Tally::default();
        let mut run = Run::new(ClaimId::at(Timestamp::UNIX_EPOCH), &tally);
        run.flying.spawn(async { panic!("in the middle of a call") });
        assert!(run.land().await);
        assert_eq!(tally.calls(), Calls { unanswered: 1, ..Calls::default() });
        assert!(run.done.is_empty(), "what became of it is not known, so nothing is recorded");
    }
}

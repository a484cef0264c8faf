//! Sends the messages of a claim: mark the intent, call Meta, record the outcome, with many calls in flight.
//!
//! The order makes it safe. A message becomes SENDING in its own commit before its request is written, and no request
//! starts after the deadline that this commit stored: a message that is found SENDING later may have left.

use std::time::Duration;

use cloud::trace::{self, TraceContext};
use domain::messages::{Lane, Outcome, Recipient};
use domain::{AttemptId, ClaimId, MessageId, with_causes};
use jiff::Timestamp;
use meta::send::{SendOptions, TemplateMessage};
use store::StoreError;
use store::delivery::claims::{ClaimedContent, ClaimedMessage};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use crate::billing::refund::enqueue_refunds;
use crate::delivery::call_stats::CallStats;
use crate::delivery::mark_intent::MarkIntent;
use crate::delivery::record::{Recorded, Sent, record};
use crate::delivery::session::NumberSession;

/// Messages whose intent is marked in one commit: half a second of sending. What is marked when the process dies is
/// unknown, so they are few; each commit costs, so they are not too few.
const MARKS_PER_SECOND: i32 = 2;
const MARK_MIN: usize = 10;
/// Messages of higher lanes that may leave before each one of a lower lane: the higher ones have four fifths of the
/// number's rate for as long as they wait, and a claim of a lower lane still ends within its lease.
const HIGHER_SHARE: usize = 4;
/// Outcomes recorded in one commit.
const RECORD_MAX: usize = 100;
/// How long an outcome may wait to be recorded together with others.
const RECORD_WITHIN: Duration = Duration::from_millis(250);
/// Calls in flight at once, whatever the number's rate.
const IN_FLIGHT_MAX: usize = 1_000;
/// How often recording is tried before the outcomes are left to the end of the claim's lease.
const RECORD_TRIES: u32 = 4;

/// What sending a claim led to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// When the first message that did not leave is due again.
    pub again_at: Option<Timestamp>,
    /// Meta refused the account, which is on hold now.
    pub is_paused: bool,
}

impl Report {
    fn add(&mut self, other: Self) {
        self.again_at = self.again_at.into_iter().chain(other.again_at).min();
        self.is_paused |= other.is_paused;
    }
}

/// Sends a claim. What cannot be started in time stays with the claim until the sweeper gives it back.
pub(crate) async fn send_claim(
    session: &mut NumberSession<'_>,
    claim: (ClaimId, Timestamp),
    messages: Vec<ClaimedMessage>,
) -> Result<Report, StoreError> {
    let (claim_id, lease_until) = claim;
    let mut run = Run::new(claim_id, session.stats);
    let per_mark = usize::try_from(session.rate / MARKS_PER_SECOND).unwrap_or(MARK_MIN).max(MARK_MIN);
    let mut is_complete = true;
    for part in messages.chunks(per_mark) {
        run.report.add(send_higher_lanes(session, lease_until, part).await?);
        let now = session.platform.clock.now();
        let call_timeout =
            jiff::SignedDuration::try_from(session.platform.meta.call_timeout()).unwrap_or_default();
        let deadline = (now + session.platform.timings.start).min(lease_until - call_timeout);
        if deadline <= now || run.report.is_paused {
            is_complete = false;
            break;
        }
        let attempts: Vec<(MessageId, AttemptId)> =
            part.iter().map(|message| (message.message_id, AttemptId::random())).collect();
        let mark = MarkIntent { claim_id, attempts, deadline };
        let marked = session.perform(&mark).await?;
        enqueue_refunds(session.platform, session.tenant, marked.promised).await;
        for (message, (_, attempt)) in part.iter().zip(&mark.attempts) {
            if marked.sending.contains(&message.message_id) {
                run.start(session, message, *attempt, deadline).await?;
            }
        }
    }
    while run.finish_one().await {
        if run.done.len() >= RECORD_MAX {
            run.record_finished(session, false).await?;
        }
    }
    run.record_finished(session, is_complete).await?;
    Ok(run.report)
}

/// Sends what is due in a higher lane before the next part of this one: a code that a person is waiting for does not wait
/// for the rest of a campaign's claim.
async fn send_higher_lanes(
    session: &mut NumberSession<'_>,
    lease_until: Timestamp,
    part: &[ClaimedMessage],
) -> Result<Report, StoreError> {
    let lane = part.first().map_or(Lane::First, |message| message.lane);
    if lane == Lane::First || !session.is_higher_lane_waiting(lane).await? {
        return Ok(Report::default());
    }
    let limit = i64::try_from(part.len() * HIGHER_SHARE).unwrap_or(i64::MAX);
    let (claim_id, claim) = session.claim_before(lane, limit, lease_until).await?;
    if claim.funded.is_empty() {
        return Ok(Report::default());
    }
    Box::pin(send_claim(session, (claim_id, lease_until), claim.funded)).await
}

struct Run<'a> {
    claim_id: ClaimId,
    stats: &'a CallStats,
    in_flight: JoinSet<Sent>,
    done: Vec<Sent>,
    oldest: Option<Instant>,
    report: Report,
}

impl<'a> Run<'a> {
    fn new(claim_id: ClaimId, stats: &'a CallStats) -> Self {
        let (in_flight, done, report) = (JoinSet::new(), Vec::new(), Report::default());
        Self { claim_id, stats, in_flight, done, oldest: None, report }
    }

    /// Starts one call when the rate allows it, and records what has come back by then.
    async fn start(
        &mut self,
        session: &mut NumberSession<'_>,
        message: &ClaimedMessage,
        attempt: AttemptId,
        deadline: Timestamp,
    ) -> Result<(), StoreError> {
        session.rate_limiter.slot().await;
        while self.in_flight.len() >= IN_FLIGHT_MAX && self.finish_one().await {}
        let call = for_meta(message, attempt);
        let (meta, clock) = (session.platform.meta.clone(), session.platform.clock.clone());
        // The call belongs to the trace of the request that accepted the message, which may be weeks old.
        let span = TraceContext::received(message.traceparent.as_deref());
        let (token, from, message) = (session.token.clone(), session.number.clone(), message.message_id);
        let send = tracing::info_span!("send", trace_id = span.trace_id(), message_id = %message);
        let call = async move {
            // Checked right before the request is written: a process that was frozen in between does not send (I13).
            let outcome = if clock.now() < deadline {
                meta.send(&token, &from, &call).await.outcome
            } else {
                Outcome::KnownUnsent { wait: None, error: None }
            };
            Sent { message, attempt, outcome }
        };
        self.in_flight.spawn(trace::within(span, call).instrument(send));
        self.stats.count().made += 1;
        while let Some(finished) = self.in_flight.try_join_next() {
            self.finish(finished);
        }
        let is_old = self.oldest.is_some_and(|since| since.elapsed() >= RECORD_WITHIN);
        if self.done.len() >= RECORD_MAX || is_old {
            self.record_finished(session, false).await?;
        }
        Ok(())
    }

    /// Waits for one call to come back; `false` when none is in flight.
    async fn finish_one(&mut self) -> bool {
        match self.in_flight.join_next().await {
            Some(finished) => {
                self.finish(finished);
                true
            }
            None => false,
        }
    }

    /// The message of a call that panicked stays SENDING, and becomes UNKNOWN when the claim's lease ends.
    fn finish(&mut self, finished: Result<Sent, tokio::task::JoinError>) {
        match finished {
            Ok(sent) => {
                self.stats.count().add(&sent.outcome);
                self.oldest.get_or_insert_with(Instant::now);
                self.done.push(sent);
            }
            // The log already says where it panicked; the panic's message may quote a phone number.
            Err(_panicked) => {
                self.stats.count().unanswered += 1;
                tracing::error!("a call to Meta panicked");
            }
        }
    }

    async fn record_finished(&mut self, session: &NumberSession<'_>, closes: bool) -> Result<(), StoreError> {
        if self.done.is_empty() && !closes {
            return Ok(());
        }
        let done = std::mem::take(&mut self.done);
        self.oldest = None;
        let recorded = record_with_retries(session, self.claim_id, done, closes).await?;
        enqueue_refunds(session.platform, session.tenant, recorded.promised).await;
        self.report.again_at = self.report.again_at.into_iter().chain(recorded.again_at).min();
        self.report.is_paused |= recorded.is_paused;
        Ok(())
    }
}

/// A message as Meta takes it. The attempt comes back with each of its statuses.
fn for_meta(message: &ClaimedMessage, attempt: AttemptId) -> meta::send::Message {
    let content = match &message.content {
        ClaimedContent::Template { name, language, variables } => {
            let template = TemplateMessage::of_texts(name, language, variables);
            meta::send::Content::Template(Box::new(template))
        }
        ClaimedContent::Text(text) => {
            meta::send::Content::Text(meta::send::Text { body: text.clone(), preview_url: None })
        }
    };
    let to = match message.to.clone() {
        Recipient::Phone(phone) => meta::send::Recipient::Phone(phone),
        Recipient::UserId(id) => meta::send::Recipient::User(id),
    };
    let options = SendOptions { callback_data: Some(attempt.to_string()), ..SendOptions::default() };
    meta::send::Message { to, content, options }
}

/// Only this process knows what Meta answered: a database that is away for a moment must not make it unknown.
async fn record_with_retries(
    session: &NumberSession<'_>,
    claim: ClaimId,
    done: Vec<Sent>,
    closes: bool,
) -> Result<Recorded, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let outcome = record(session.platform, session.tenant, claim, done.clone(), closes).await;
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
    use crate::delivery::call_stats::CallCounts;

    #[tokio::test]
    async fn a_call_that_panics_is_one_without_an_answer() {
        let stats = CallStats::default();
        let mut run = Run::new(ClaimId::at(Timestamp::UNIX_EPOCH), &stats);
        run.in_flight.spawn(async { panic!("in the middle of a call") });
        assert!(run.finish_one().await);
        assert_eq!(stats.calls(), CallCounts { unanswered: 1, ..CallCounts::default() });
        assert!(run.done.is_empty(), "what became of it is not known, so nothing is recorded");
    }
}

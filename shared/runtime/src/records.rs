//! The records of an SQS event, each with an outcome of its own, so that one bad record does not fail its batch.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use cloud::trace::{self, TRACEPARENT, TraceContext};
use cloud::{CloudError, Group, Message, Queue, Queues, ReceivedMessage};
use domain::with_causes;
use futures_util::FutureExt;
use jiff::SignedDuration;
use serde::de::DeserializeOwned;
use tracing::Instrument;

/// What becomes of a record. An error of the work is as good as `Retry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordOutcome {
    /// The record is deleted.
    Done,
    /// The queue delivers the record again after its visibility time-out, until it was received too often.
    Retry,
    /// The queue delivers the record again after this time, or later where its failed messages wait longer. The receive counts
    /// like any other.
    RetryAfter { delay: SignedDuration, reason: String },
    /// No later try can succeed: the record goes to the dead letters at once.
    Park { reason: String },
}

/// An event that may be a batch of records.
pub trait Batch {
    /// How many, where it is one.
    fn records(&self) -> Option<usize>;
}

impl Batch for SqsEvent {
    fn records(&self) -> Option<usize> {
        Some(self.records.len())
    }
}

/// Records as they were received from a queue.
pub struct Records<'a> {
    pub event: SqsEvent,
    pub queue: Queue,
    /// Where records are postponed and parked.
    pub queues: &'a dyn Queues,
}

/// Hands every record's body to `work` and reports those that failed, which the queue delivers again.
///
/// A body that cannot be read fails as well: a version that reads it may be on its way, and if not, it becomes a dead
/// letter. A panic fails its own record and no other. What is not begun while there `is_time` goes back untouched, because
/// a function that is ended at its deadline makes the queue deliver the finished records again too.
pub async fn each_record<T, E, F, W>(
    records: Records<'_>,
    is_time: impl Fn() -> bool,
    work: W,
) -> SqsBatchResponse
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<RecordOutcome, E>>,
    W: Fn(T) -> F,
{
    let Records { event, queue, queues } = records;
    let mut failed = Vec::new();
    for record in event.records {
        let id = record.message_id.clone().unwrap_or_default();
        if !is_time() {
            tracing::warn!(record = id, "There is no time left for a record; the queue delivers it again.");
            failed.push(id);
            continue;
        }
        let is_done = match one_record(&record, &work).await {
            Ok(outcome) => carry_out(outcome, record, (queue, queues)).await,
            Err(error) => {
                tracing::error!(record = id, error, "A record failed; the queue delivers it again.");
                fail(&error, record, (queue, queues)).await;
                false
            }
        };
        if !is_done {
            failed.push(id);
        }
    }
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

/// Whether the record is done with. What cannot be postponed or parked is delivered again by the queue, and becomes a dead
/// letter when it was received too often.
async fn carry_out(outcome: RecordOutcome, record: SqsMessage, from: (Queue, &dyn Queues)) -> bool {
    let (queue, queues) = from;
    let id = record.message_id.clone().unwrap_or_default();
    match outcome {
        RecordOutcome::Done => true,
        RecordOutcome::Retry => {
            tracing::warn!(record = id, "A record is to be tried again.");
            fail("it is to be tried again", record, from).await;
            false
        }
        RecordOutcome::RetryAfter { delay, reason } => {
            note(&reason, &record, from).await;
            let delay = Duration::try_from(delay).unwrap_or_default();
            postpone(&record, delay.max(retry_delay(queue, &record).unwrap_or_default()), from).await;
            false
        }
        RecordOutcome::Park { reason } => match queues.park(queue, received(record), &reason).await {
            Ok(()) => {
                tracing::error!(record = id, reason, "A record was parked among the dead letters.");
                true
            }
            Err(error) => {
                tracing::error!(record = id, reason, "A record can never succeed.");
                log_not_done(&id, &error, "A record could not be parked.");
                false
            }
        },
    }
}

/// Keeps the reason, and postpones the record where the queue's own wait is not the right one.
async fn fail(why: &str, record: SqsMessage, from: (Queue, &dyn Queues)) {
    note(why, &record, from).await;
    if let Some(delay) = retry_delay(from.0, &record) {
        postpone(&record, delay, from).await;
    }
}

async fn note(why: &str, record: &SqsMessage, (queue, queues): (Queue, &dyn Queues)) {
    let receipt = record.receipt_handle.as_deref().unwrap_or_default();
    if let Err(error) = queues.note_failure(queue, receipt, why).await {
        let id = record.message_id.as_deref().unwrap_or_default();
        log_not_done(id, &error, "The reason of a failure could not be kept.");
    }
}

async fn postpone(record: &SqsMessage, delay: Duration, (queue, queues): (Queue, &dyn Queues)) {
    let id = record.message_id.as_deref().unwrap_or_default();
    let receipt = record.receipt_handle.as_deref().unwrap_or_default();
    match queues.postpone(queue, receipt, delay).await {
        Ok(()) => tracing::warn!(record = id, ?delay, "A record is to be tried again after a delay."),
        Err(error) => log_not_done(id, &error, "A record could not be postponed."),
    }
}

fn retry_delay(queue: Queue, record: &SqsMessage) -> Option<Duration> {
    let receives = record.attributes.get("ApproximateReceiveCount").and_then(|text| text.parse().ok());
    queue.retry_delay(receives.unwrap_or(1))
}

fn log_not_done(id: &str, error: &CloudError, what: &'static str) {
    tracing::error!(record = id, error = with_causes(error), "{what}");
}

fn received(record: SqsMessage) -> ReceivedMessage {
    let traceparent = traceparent(&record).and_then(|text| text.parse().ok());
    let group = record.attributes.get("MessageGroupId").map_or("", String::as_str);
    let message = Message { group: Group::named(group), traceparent, body: record.body.unwrap_or_default() };
    ReceivedMessage { receipt: record.receipt_handle.unwrap_or_default(), message }
}

/// As [`each_record`], for work that costs as much for one body as for several: up to `at_once` records are worked on
/// together. Only when that is not done is each worked on by itself, so that one bad record still fails no other. Work must
/// not mind being done twice.
pub async fn records_together<T, E, F, W>(
    records: Records<'_>,
    is_time: impl Fn() -> bool,
    at_once: usize,
    work: W,
) -> SqsBatchResponse
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<RecordOutcome, E>>,
    W: Fn(Vec<T>) -> F,
{
    let Records { event, queue, queues } = records;
    let mut response = SqsBatchResponse::default();
    let mut records = event.records.into_iter().peekable();
    while records.peek().is_some() {
        let mut event = SqsEvent::default();
        event.records = records.by_ref().take(at_once.max(1)).collect();
        if event.records.len() > 1 && is_time() && are_done(&event, &work).await {
            continue;
        }
        let alone = each_record(Records { event, queue, queues }, &is_time, |body: T| work(vec![body])).await;
        response.batch_item_failures.extend(alone.batch_item_failures);
    }
    response
}

/// Whether all of them could be read and were done together.
async fn are_done<T, E, F, W>(event: &SqsEvent, work: &W) -> bool
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<RecordOutcome, E>>,
    W: Fn(Vec<T>) -> F,
{
    let Ok(bodies) = event.records.iter().map(read).collect::<Result<Vec<T>, String>>() else { return false };
    let outcome = guarded(work(bodies), TraceContext::begin()).await;
    if let Err(error) = &outcome {
        tracing::warn!(error, "Records failed together; each is tried by itself.");
    }
    outcome == Ok(RecordOutcome::Done)
}

async fn one_record<T, E, F, W>(record: &SqsMessage, work: &W) -> Result<RecordOutcome, String>
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<RecordOutcome, E>>,
    W: Fn(T) -> F,
{
    let body: T = read(record)?;
    guarded(work(body), TraceContext::received(traceparent(record))).await
}

fn read<T: DeserializeOwned>(record: &SqsMessage) -> Result<T, String> {
    let body = record.body.as_deref().unwrap_or_default();
    // The parser's own words quote what it read, which may be a phone number.
    let place = |error: serde_json::Error| {
        let (kind, line, column) = (error.classify(), error.line(), error.column());
        format!("its body cannot be read: {kind:?} at line {line}, column {column}")
    };
    serde_json::from_str(body).map_err(place)
}

/// Work in a span of its trace, in which a panic is an error like others.
async fn guarded<E: Error>(
    work: impl Future<Output = Result<RecordOutcome, E>>,
    span: TraceContext,
) -> Result<RecordOutcome, String> {
    let work = work.instrument(tracing::info_span!("record", trace_id = span.trace_id()));
    match AssertUnwindSafe(trace::within(span, work)).catch_unwind().await {
        Ok(outcome) => outcome.map_err(|error| with_causes(&error)),
        // Its place is in the log already; its text may quote a phone number or a token.
        Err(_text) => Err("it panicked".to_owned()),
    }
}

/// The trace of the record's sender.
fn traceparent(record: &SqsMessage) -> Option<&str> {
    record.message_attributes.get(TRACEPARENT)?.string_value.as_deref()
}

#[cfg(test)]
mod tests;

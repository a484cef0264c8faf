//! An SQS event taken apart: every record has a fate of its own.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use cloud::trace::{self, TRACEPARENT, TraceContext};
use domain::with_causes;
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use tracing::Instrument;

/// Hands every record's body to `work` and reports those that failed, which the queue delivers again.
///
/// A body that cannot be read fails as well: it is delivered until it is given up as a dead letter, where somebody looks.
/// A panic fails its own record and no other. What is not begun while there `is_time` goes back untouched, because a
/// function that is cut off at its deadline takes the records that were done down with it.
pub async fn each_record<T, E, F, W>(event: SqsEvent, is_time: impl Fn() -> bool, work: W) -> SqsBatchResponse
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<(), E>>,
    W: Fn(T) -> F,
{
    let mut failed = Vec::new();
    for record in event.records {
        let id = record.message_id.clone().unwrap_or_default();
        if !is_time() {
            tracing::warn!(record = id, "no time is left; the queue delivers the record again");
            failed.push(id);
        } else if let Err(why) = one_record(record, &work).await {
            tracing::error!(record = id, why, "a record failed");
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

/// As [`each_record`], for work that costs as much for one body as for several: so many records are worked on in one go.
/// Only when that fails is each worked on by itself, so that one bad record still fails no other. Work must not mind
/// being done twice.
pub async fn records_together<T, E, F, W>(
    event: SqsEvent,
    is_time: impl Fn() -> bool,
    at_once: usize,
    work: W,
) -> SqsBatchResponse
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<(), E>>,
    W: Fn(Vec<T>) -> F,
{
    let mut response = SqsBatchResponse::default();
    let mut records = event.records.into_iter().peekable();
    while records.peek().is_some() {
        let mut some = SqsEvent::default();
        some.records = records.by_ref().take(at_once.max(1)).collect();
        if some.records.len() > 1 && is_time() && are_done(&some, &work).await {
            continue;
        }
        let alone = each_record(some, &is_time, |body: T| work(vec![body])).await;
        response.batch_item_failures.extend(alone.batch_item_failures);
    }
    response
}

/// Whether all of them could be read, and worked on in one go.
async fn are_done<T, E, F, W>(some: &SqsEvent, work: &W) -> bool
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<(), E>>,
    W: Fn(Vec<T>) -> F,
{
    let Ok(bodies) = some.records.iter().map(read).collect::<Result<Vec<T>, String>>() else { return false };
    let outcome = guarded(work(bodies), TraceContext::begin()).await;
    if let Err(why) = &outcome {
        tracing::warn!(why, "records failed together; each is tried by itself");
    }
    outcome.is_ok()
}

async fn one_record<T, E, F, W>(record: SqsMessage, work: &W) -> Result<(), String>
where
    T: DeserializeOwned,
    E: Error,
    F: Future<Output = Result<(), E>>,
    W: Fn(T) -> F,
{
    let body: T = read(&record)?;
    guarded(work(body), TraceContext::received(traceparent(&record))).await
}

fn read<T: DeserializeOwned>(record: &SqsMessage) -> Result<T, String> {
    let body = record.body.as_deref().unwrap_or_default();
    // The parser's own words quote what it read, which may be somebody's number.
    let place = |error: serde_json::Error| {
        let (kind, line, column) = (error.classify(), error.line(), error.column());
        format!("its body cannot be read: {kind:?} at line {line}, column {column}")
    };
    serde_json::from_str(body).map_err(place)
}

/// Work in a span of its trace, whose panic is an error like others.
async fn guarded<E: Error>(
    work: impl Future<Output = Result<(), E>>,
    span: TraceContext,
) -> Result<(), String> {
    let work = work.instrument(tracing::info_span!("record", traceId = span.trace_id()));
    match AssertUnwindSafe(trace::within(span, work)).catch_unwind().await {
        Ok(outcome) => outcome.map_err(|error| with_causes(&error)),
        // Where is in the log already; a panic's words may quote what it was about.
        Err(_words) => Err("it panicked".to_owned()),
    }
}

/// What the record's sender was a part of.
fn traceparent(record: &SqsMessage) -> Option<&str> {
    record.message_attributes.get(TRACEPARENT)?.string_value.as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bodies: &[&str]) -> SqsEvent {
        let mut event = SqsEvent::default();
        event.records = bodies
            .iter()
            .enumerate()
            .map(|(index, body)| {
                let mut record = SqsMessage::default();
                record.message_id = Some(index.to_string());
                record.body = Some((*body).to_owned());
                record
            })
            .collect();
        event
    }

    #[derive(Debug, thiserror::Error)]
    #[error("it was refused")]
    struct Refused(#[source] std::num::TryFromIntError);

    fn refused() -> Refused {
        Refused(u8::try_from(300).unwrap_err())
    }

    async fn work(number: u32) -> Result<(), Refused> {
        assert!(number != 2, "two is too much");
        if number == 3 { Err(refused()) } else { Ok(()) }
    }

    #[tokio::test]
    async fn a_record_that_failed_says_what_was_behind_it() {
        let record = event(&["3"]).records.remove(0);
        let why = one_record(record, &work).await.unwrap_err();
        assert_eq!(why, format!("it was refused: {}", refused().0));
    }

    #[tokio::test]
    async fn one_bad_record_does_not_fail_the_others() {
        let bodies = ["1", "rubbish", "2", "3", "4", ""];
        let response = each_record(event(&bodies), || true, work).await;
        let failed: Vec<String> =
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        assert_eq!(failed, ["1", "2", "3", "5"]);
    }

    #[test]
    fn what_is_said_of_a_body_that_cannot_be_read_quotes_nothing_of_it() {
        let record = event(&[r#""+15551234567""#]).records.remove(0);
        assert_eq!(read::<u32>(&record).unwrap_err(), "its body cannot be read: Data at line 1, column 14");
    }

    #[tokio::test]
    async fn records_are_worked_on_together_and_by_themselves_only_when_that_fails() {
        let calls = std::cell::RefCell::new(Vec::new());
        let work = async |numbers: Vec<u32>| {
            calls.borrow_mut().push(numbers.clone());
            (!numbers.contains(&3)).then_some(()).ok_or_else(refused)
        };
        let bodies = ["1", "1", "1", "4", "3", "4", "1", "rubbish", "1", "9"];
        let response = records_together(event(&bodies), || true, 3, work).await;
        let failed: Vec<String> =
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        assert_eq!(failed, ["4", "7"]);
        let expected: [&[u32]; 8] = [&[1, 1, 1], &[4, 3, 4], &[4], &[3], &[4], &[1], &[1], &[9]];
        assert_eq!(*calls.borrow(), expected);
    }

    #[tokio::test]
    async fn what_is_not_begun_in_time_goes_back() {
        let left = std::cell::Cell::new(2);
        let is_time = || left.replace(left.get() - 1) > 0;
        let response = each_record(event(&["1", "1", "1", "1"]), is_time, work).await;
        let failed: Vec<String> =
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        assert_eq!(failed, ["2", "3"]);
    }
}

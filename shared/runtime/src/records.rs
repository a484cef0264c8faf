//! An SQS event taken apart: every record has a fate of its own.

use std::any::Any;
use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;

/// Hands every record's body to `work` and reports those that failed, which the queue delivers again.
///
/// A body that cannot be read fails as well: it is delivered until it is given up as a dead letter, where somebody looks.
/// A panic fails its own record and no other. What is not begun while there `is_time` goes back untouched, because a
/// function that is cut off at its deadline takes the records that were done down with it.
pub async fn each_record<T, E, F, W>(event: SqsEvent, is_time: impl Fn() -> bool, work: W) -> SqsBatchResponse
where
    T: DeserializeOwned,
    E: Display,
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

async fn one_record<T, E, F, W>(record: SqsMessage, work: &W) -> Result<(), String>
where
    T: DeserializeOwned,
    E: Display,
    F: Future<Output = Result<(), E>>,
    W: Fn(T) -> F,
{
    let body = record.body.unwrap_or_default();
    let body: T = serde_json::from_str(&body).map_err(|error| format!("its body cannot be read: {error}"))?;
    match AssertUnwindSafe(work(body)).catch_unwind().await {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(panic) => Err(format!("it panicked: {}", words(panic.as_ref()))),
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
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

    async fn work(number: u32) -> Result<(), &'static str> {
        assert!(number != 2, "two is too much");
        if number == 3 { Err("three is refused") } else { Ok(()) }
    }

    #[tokio::test]
    async fn one_bad_record_does_not_fail_the_others() {
        let bodies = ["1", "rubbish", "2", "3", "4", ""];
        let response = each_record(event(&bodies), || true, work).await;
        let failed: Vec<String> =
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        assert_eq!(failed, ["1", "2", "3", "5"]);
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

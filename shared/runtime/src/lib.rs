//! How a process starts and how queue events are taken apart: the same on Lambda and on one machine.
//!
//! [`each_record`] gives every record of an SQS event its own fate, so that one bad record does not fail the batch;
//! [`observe`] turns on the logs. What a record means is its function's affair.

use std::any::Any;
use std::fmt::Display;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use tracing_subscriber::EnvFilter;

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// A line of JSON each, for machines.
    Json,
    /// For people, with colours where the terminal has them.
    Text,
}

/// Turns logging on, to standard error, filtered by `RUST_LOG` or `default`. A second call changes nothing.
pub fn observe(logs: Logs, default: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_absent| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let outcome = match logs {
        Logs::Json => builder.json().flatten_event(true).try_init(),
        Logs::Text => builder
            .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
            .with_target(false)
            .try_init(),
    };
    if outcome.is_err() {
        tracing::debug!("logging was on already");
    }
}

/// Hands every record's body to `work` and reports those that failed, which the queue delivers again.
///
/// A body that cannot be read fails as well: it is delivered until it is given up as a dead letter, where somebody looks.
/// A panic fails its own record and no other.
pub async fn each_record<T, E, F, W>(event: SqsEvent, work: W) -> SqsBatchResponse
where
    T: DeserializeOwned,
    E: Display,
    F: Future<Output = Result<(), E>>,
    W: Fn(T) -> F,
{
    let mut failed = Vec::new();
    for record in event.records {
        let id = record.message_id.clone().unwrap_or_default();
        if let Err(why) = one_record(record, &work).await {
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
        let response = each_record(event(&bodies), work).await;
        let failed: Vec<String> =
            response.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect();
        assert_eq!(failed, ["1", "2", "3", "5"]);
    }
}

//! Functions that were broken on purpose, and what is written of each.

use std::convert::Infallible;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use axum::http::StatusCode;
use axum::routing::get;
use cloud::{CloudError, Message, Queue, Queues, ReceivedMessage};
use lambda_runtime::Context;
use serde_json::{Value, json};

use super::*;
use crate::tally::{FAILED, HANDLED};
use crate::{RecordOutcome, Records, each_record};

/// An entry, and the lines that its process writes.
struct Watched {
    entry: Entry,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Watched {
    fn new() -> Self {
        let (lines, clock) = (Arc::<Mutex<Vec<Value>>>::default(), Clock::shifted());
        let written = Arc::clone(&lines);
        let write = move |line: &Value| written.lock().unwrap().push(line.clone());
        let tally = Tally::new("stack-Function-1".to_owned(), "42".to_owned(), clock.clone(), write);
        Self { entry: Entry { reloads: Reloads::default(), clock, tally }, lines }
    }

    /// What an alarm on the deployed version sees: what was handled, and what failed.
    fn seen(&self) -> (i64, i64) {
        let lines = self.lines.lock().unwrap();
        let of_version = lines.iter().filter(|line| line["ExecutedVersion"] == "42");
        let numbers = of_version
            .map(|line| (line[HANDLED].as_i64().unwrap(), line[FAILED].as_i64().unwrap()))
            .collect::<Vec<_>>();
        (numbers.iter().map(|of| of.0).sum(), numbers.iter().map(|of| of.1).sum())
    }

    fn event<T>(&self, payload: T) -> LambdaEvent<T> {
        let deadline = self.entry.clock.now() + SignedDuration::from_secs(10);
        let mut context = Context::default();
        context.deadline = deadline.as_millisecond().try_into().unwrap();
        LambdaEvent::new(payload, context)
    }

    async fn status(&self, path: &str) -> i64 {
        let router = Router::new()
            .route("/fine", get("fine"))
            .route("/refused", get(|| async { StatusCode::FORBIDDEN }))
            .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
            .route("/panics", get(panics))
            .route("/hangs", get(pending::<&'static str>));
        let request = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": {},
            "requestContext": { "stage": "$default", "http": { "method": "GET", "path": path } },
            "isBase64Encoded": false,
        });
        let event = self.event(serde_json::from_value(request).unwrap());
        self.entry
            .request(http_kit::with_layers(router, Scheme::Https), &Front::default(), event)
            .await
            .unwrap()
            .status_code
    }

    /// The answer to a batch; the record `fails` fails, `panics` panics, and all others are done.
    async fn batch(&self, bodies: &[&str]) -> Result<Vec<String>, String> {
        let work = |event: SqsEvent, _until| async move {
            let records = Records { event, queue: Queue::Updates, queues: &NoQueues };
            Ok::<_, Infallible>(each_record(records, || true, work_on).await)
        };
        let answer = self.entry.batch(self.event(batch_of(bodies)), Duration::from_secs(5), work).await;
        let failures = |answer: SqsBatchResponse| {
            answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
        };
        answer.map(failures).map_err(|error| error.error_type)
    }
}

async fn panics() -> &'static str {
    panic!("a handler's mistake")
}

async fn work_on(body: String) -> Result<RecordOutcome, CloudError> {
    assert!(body != "panics", "a mistake");
    if body == "fails" { Err(CloudError::new("refused")) } else { Ok(RecordOutcome::Done) }
}

fn batch_of(bodies: &[&str]) -> SqsEvent {
    let mut event = SqsEvent::default();
    for (index, body) in bodies.iter().enumerate() {
        let mut record = SqsMessage::default();
        record.message_id = Some(index.to_string());
        record.body = Some(json!(body).to_string());
        event.records.push(record);
    }
    event
}

/// Queues that accept each message and keep none.
struct NoQueues;

#[async_trait]
impl Queues for NoQueues {
    async fn send(&self, _: Queue, _: Vec<Message>, _: Duration) -> Result<(), CloudError> {
        Ok(())
    }

    async fn postpone(&self, _: Queue, _: &str, _: Duration) -> Result<(), CloudError> {
        Ok(())
    }

    async fn park(&self, _: Queue, _: ReceivedMessage, _: &str) -> Result<(), CloudError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_answers_500_panics_or_hangs_is_seen_and_one_that_refuses_is_none_of_them() {
    for (path, status, failed) in [
        ("/fine", 200, 0),
        ("/refused", 403, 0),
        ("/nowhere", 404, 0),
        ("/broken", 500, 1),
        ("/panics", 500, 1),
        ("/hangs", 503, 1),
    ] {
        let watched = Watched::new();
        assert_eq!(watched.status(path).await, status, "{path}");
        assert_eq!(watched.seen(), (1, failed), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_panics_or_is_about_to_be_ended_is_seen() {
    let margin = Duration::from_secs(5);
    let watched = Watched::new();
    let fine = |(), _until| async { Ok::<_, CloudError>(()) };
    watched.entry.event(watched.event(()), margin, fine).await.unwrap();
    assert_eq!(watched.seen(), (1, 0));

    let watched = Watched::new();
    let fails = |(), _until| async { Err::<(), _>(CloudError::new("refused")) };
    assert_eq!(
        watched.entry.event(watched.event(()), margin, fails).await.unwrap_err().error_type,
        "CloudError"
    );
    assert_eq!(watched.seen(), (1, 1));

    let watched = Watched::new();
    let panics = |(), _until| async {
        panics().await;
        Ok::<_, CloudError>(())
    };
    let panicked = AssertUnwindSafe(watched.entry.event(watched.event(()), margin, panics)).catch_unwind();
    assert!(panicked.await.is_err());
    assert_eq!(watched.seen(), (1, 1));

    let watched = Watched::new();
    let hangs = |(), _until| pending::<Result<(), CloudError>>();
    // Lambda ends it a moment later.
    let ended =
        tokio::time::timeout(Duration::from_secs(10), watched.entry.event(watched.event(()), margin, hangs));
    assert!(ended.await.is_err());
    assert_eq!(watched.seen(), (1, 1));
}

#[tokio::test]
async fn failed_records_are_seen_and_a_batch_of_nothing_else_fails_its_invocation() {
    for (bodies, answer, seen) in [
        (&["fine", "fine"][..], Ok(vec![]), (2, 0)),
        (&["fine", "fails", "panics"], Ok(vec!["1".to_owned(), "2".to_owned()]), (3, 2)),
        (&["fails", "panics", "fails"], Err("AllFailed".to_owned()), (3, 3)),
        (&["fails"], Err("AllFailed".to_owned()), (1, 1)),
        (&[], Ok(vec![]), (0, 0)),
    ] {
        let watched = Watched::new();
        assert_eq!(watched.batch(bodies).await, answer, "{bodies:?}");
        assert_eq!(watched.seen(), seen, "{bodies:?}");
    }
}

#[test]
fn work_ends_its_margin_before_the_deadline() {
    let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let at = |text: &str| u64::try_from(text.parse::<Timestamp>().unwrap().as_millisecond()).unwrap();
    let margin = Duration::from_secs(5);
    assert_eq!(until(at("2026-11-24T12:01:00Z"), now, margin).to_string(), "2026-11-24T12:00:55Z");
    for unreal in [0, 600_000, u64::MAX] {
        assert_eq!(until(unreal, now, margin), now + SHIFT, "{unreal}");
    }
}

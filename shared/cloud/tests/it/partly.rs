//! Faults of AWS that no emulator has: a local server answers what was prepared.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use cloud::aws::Aws;
use cloud::{Group, Message, Queue};
use domain::events::DomainEvent;
use domain::{TenantId, UserId};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::aws_place::{aws, environment};

/// Its answers in order, and the calls that it got.
#[derive(Clone, Default)]
struct Stub {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    calls: Arc<Mutex<Vec<Value>>>,
}

impl Stub {
    async fn with(answers: impl IntoIterator<Item = (u16, Value)>) -> (Self, Aws) {
        let stub = Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let answering = stub.clone();
        let router = Router::new().fallback(move |body: String| {
            let answer = answering.answer(&body);
            async { answer }
        });
        tokio::spawn(async { axum::serve(listener, router).await });
        let mut environment = environment(&endpoint, "AKID");
        environment.insert("UPDATES_QUEUE_URL".to_owned(), format!("{endpoint}/1/updates"));
        (stub, aws(environment))
    }

    fn answer(&self, body: &str) -> (StatusCode, String) {
        self.calls.lock().unwrap().push(serde_json::from_str(body).unwrap());
        let (status, body) = self.answers.lock().unwrap().pop_front().unwrap();
        (StatusCode::from_u16(status).unwrap(), body.to_string())
    }

    /// Of each call, the values of its entries under a name.
    fn calls(&self, name: &str) -> Vec<Vec<String>> {
        let word = |entry: &Value| entry[name].as_str().unwrap().to_owned();
        let of_call = |call: &Value| call["Entries"].as_array().unwrap().iter().map(word).collect();
        self.calls.lock().unwrap().iter().map(of_call).collect()
    }
}

fn sent(failed: &Value) -> (u16, Value) {
    (200, json!({ "Successful": [], "Failed": failed }))
}

fn messages() -> Vec<Message> {
    ["a", "b", "c", "d"].map(|body| Message::new(Group::named("a-group"), body.to_owned())).into()
}

async fn send(aws: &Aws) -> Result<(), String> {
    let sent = aws.queues().send(Queue::Updates, messages(), Duration::ZERO).await;
    sent.map_err(|error| error.to_string())
}

#[tokio::test]
async fn of_a_batch_of_messages_what_failed_is_sent_again_alone() {
    let failed = |id: &str| json!({ "Id": id, "Code": "InternalError", "SenderFault": false });
    let answers = [sent(&json!([failed("1"), failed("3")])), sent(&json!([failed("1")])), sent(&json!([]))];
    let (stub, aws) = Stub::with(answers).await;
    send(&aws).await.unwrap();
    assert_eq!(stub.calls("MessageBody"), [vec!["a", "b", "c", "d"], vec!["b", "d"], vec!["d"]]);
    assert_eq!(stub.calls("MessageGroupId")[2], ["a-group"]);
}

#[tokio::test]
async fn a_message_that_is_refused_for_what_it_is_is_an_error_and_not_sent_again() {
    let (stub, aws) = Stub::with([
        sent(&json!([
            { "Id": "0", "Code": "InvalidMessageContents", "SenderFault": true, "Message": "no" },
            { "Id": "2", "Code": "InternalError", "SenderFault": false },
        ])),
        sent(&json!([])),
    ])
    .await;
    let error = send(&aws).await.unwrap_err();
    assert!(error.ends_with("SendMessageBatch: InvalidMessageContents: no"), "{error}");
    assert_eq!(stub.calls("MessageBody"), [vec!["a", "b", "c", "d"], vec!["c"]]);
}

#[tokio::test]
async fn messages_that_fail_again_and_again_are_an_error() {
    let failed = json!([{ "Id": "0", "Code": "InternalError", "SenderFault": false }]);
    let (stub, aws) = Stub::with(std::iter::repeat_n(sent(&failed), 10)).await;
    let error = send(&aws).await.unwrap_err();
    assert!(error.contains("InternalError"), "{error}");
    assert_eq!(stub.calls("MessageBody").len(), 4);
}

#[tokio::test]
async fn a_call_that_fails_whole_is_made_again_and_says_aws_words_when_it_goes_on_failing() {
    let unavailable = || (503, json!({ "__type": "ServiceUnavailable", "message": "in a moment" }));
    let (stub, aws) = Stub::with([unavailable(), sent(&json!([]))]).await;
    send(&aws).await.unwrap();
    assert_eq!(stub.calls("MessageBody").len(), 2);
    let (stub, aws) = Stub::with(std::iter::repeat_with(unavailable).take(10)).await;
    let error = send(&aws).await.unwrap_err();
    assert!(error.ends_with("SendMessageBatch: ServiceUnavailable: in a moment"), "{error}");
    assert_eq!(stub.calls("MessageBody").len(), 3);
}

#[tokio::test]
async fn a_service_that_is_not_there_is_an_error() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut environment = environment(&endpoint, "AKID");
    environment.insert("UPDATES_QUEUE_URL".to_owned(), format!("{endpoint}/1/updates"));
    let error = send(&aws(environment)).await.unwrap_err();
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn of_a_batch_of_events_what_failed_is_put_again_alone_and_what_is_refused_is_an_error() {
    let taken = || json!({ "EventId": "1" });
    let failed = |code: &str| json!({ "ErrorCode": code, "ErrorMessage": "no" });
    let put = |entries: Value| (200, json!({ "FailedEntryCount": 1, "Entries": entries }));
    let event = |number: usize| DomainEvent::TenantProvisioned {
        tenant_id: TenantId::at(Timestamp::UNIX_EPOCH),
        user_id: UserId::at(Timestamp::UNIX_EPOCH),
        email: format!("{number}@example.com"),
        tenant_name: "A".to_owned(),
        email_id: None,
    };
    let events: Vec<DomainEvent> = (0..3).map(event).collect();

    let first = put(json!([taken(), failed("ThrottlingException"), failed("InternalFailure")]));
    let (stub, aws) =
        Stub::with([first, put(json!([failed("InternalFailure"), taken()])), put(json!([taken()]))]).await;
    aws.events().publish(&events).await.unwrap();
    let calls = stub.calls("Detail");
    assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(calls[2][0].contains("1@example.com"), "{calls:?}");
    assert_eq!(stub.calls("Source")[2], ["tidings"]);
    assert_eq!(stub.calls("DetailType")[2], ["TenantProvisioned"]);
    assert_eq!(stub.calls("EventBusName")[2], ["tidings"]);

    let (stub, aws) = Stub::with([put(json!([taken(), failed("NotAuthorized"), taken()]))]).await;
    let error = aws.events().publish(&events).await.unwrap_err().to_string();
    assert!(error.ends_with("PutEvents: NotAuthorized: no"), "{error}");
    assert_eq!(stub.calls("Detail").len(), 1);
}

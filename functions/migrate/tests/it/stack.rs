//! CloudFormation waits an hour for an answer: it always gets one.

use std::collections::VecDeque;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::put;
use jiff::SignedDuration;
use migrate::Migrator;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::vault::Vault;
use crate::{migrator, request};

/// Where CloudFormation wants its answers.
struct Mailbox {
    url: String,
    put: Arc<Mutex<Put>>,
}

#[derive(Default)]
struct Put {
    /// What the first PUTs are refused with.
    refusals: VecDeque<StatusCode>,
    /// How many were refused.
    refused: usize,
    answers: Vec<Value>,
}

impl Mailbox {
    async fn open() -> Self {
        Self::in_trouble(0, &[]).await
    }

    /// Drops `dropped` connections and refuses some PUTs before it takes one.
    async fn in_trouble(dropped: usize, refusals: &[StatusCode]) -> Self {
        let put_so_far = Put { refusals: refusals.iter().copied().collect(), ..Put::default() };
        let put_so_far = Arc::new(Mutex::new(put_so_far));
        let router = Router::new().route("/answer", put(take)).with_state(Arc::clone(&put_so_far));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?signature=x", listener.local_addr().unwrap());
        tokio::spawn(async move {
            for _ in 0..dropped {
                drop(listener.accept().await.unwrap());
            }
            axum::serve(listener, router).await
        });
        Self { url, put: put_so_far }
    }

    fn request(&self, kind: &str) -> Value {
        json!({
            "RequestType": kind, "ResponseURL": self.url, "StackId": "arn:aws:cloudformation:stack/tidings",
            "RequestId": "r-1", "LogicalResourceId": "SchemaMigration", "ResourceType": "AWS::CloudFormation::CustomResource",
            "PhysicalResourceId": "tidings-schema", "OldResourceProperties": {},
            "ResourceProperties": { "ServiceToken": "arn:aws:lambda:migrate", "MigrationsVersion": "7", "AdminEmail": "" },
        })
    }

    /// The answer to a request: there is exactly one.
    async fn answer(&self, migrator: &Migrator, kind: &str, seconds: i64) -> Value {
        let until = migrator.clock.now() + SignedDuration::from_secs(seconds);
        migrator.handle(request(self.request(kind)), until).await.unwrap();
        let mut put = self.put.lock().await;
        let answer = put.answers.pop().unwrap();
        assert!(put.answers.is_empty() && put.refusals.is_empty());
        for (name, value) in [("StackId", "arn:aws:cloudformation:stack/tidings"), ("RequestId", "r-1")] {
            assert_eq!(answer[name], value);
        }
        assert_eq!(answer["LogicalResourceId"], "SchemaMigration");
        assert_eq!(answer["PhysicalResourceId"], "tidings-schema", "another one would be a replacement");
        answer
    }
}

/// The real URL is signed for a request without a content type.
async fn take(State(put): State<Arc<Mutex<Put>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    assert!(headers.get("content-type").is_none());
    let mut put = put.lock().await;
    if let Some(refusal) = put.refusals.pop_front() {
        put.refused += 1;
        return refusal;
    }
    put.answers.push(serde_json::from_slice(&body).unwrap());
    StatusCode::OK
}

#[tokio::test]
async fn a_deploy_that_works_is_told_so() {
    let (db, vault, mailbox) = (testkit::database().await, Vault::empty(), Mailbox::open().await);
    for kind in ["Create", "Update"] {
        let answer = mailbox.answer(&migrator(db.url(), &vault), kind, 60).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    }
}

#[tokio::test]
async fn a_deploy_that_fails_is_told_why() {
    let (vault, mailbox) = (Vault::empty(), Mailbox::open().await);
    let nowhere = "postgres://master@127.0.0.1:1/tidings";
    let answer = mailbox.answer(&migrator(nowhere, &vault), "Create", 60).await;
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("cannot be reached") && reason.len() > 40, "{reason}");
}

#[tokio::test]
async fn a_deploy_that_does_not_come_to_its_end_is_answered_before_the_function_ends() {
    let (db, vault, mailbox) = (testkit::database().await, Vault::empty(), Mailbox::open().await);
    let answer = mailbox.answer(&migrator(db.url(), &vault), "Update", 0).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(answer["Reason"].as_str().unwrap().contains("time is over"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_is_lost_on_its_way_is_given_again() {
    let (db, vault) = (testkit::database().await, Vault::empty());
    let mailbox = Mailbox::in_trouble(1, &[StatusCode::SERVICE_UNAVAILABLE]).await;
    let answer = mailbox.answer(&migrator(db.url(), &vault), "Delete", 60).await;
    assert_eq!(answer["Status"], "SUCCESS");
}

#[tokio::test]
async fn an_answer_that_is_refused_is_not_given_again_and_its_url_is_in_no_error() {
    let (db, vault) = (testkit::database().await, Vault::empty());
    // As S3 does when a signature has expired.
    let mailbox = Mailbox::in_trouble(0, &[StatusCode::FORBIDDEN; 3]).await;
    let migrator = migrator(db.url(), &vault);
    let until = migrator.clock.now() + SignedDuration::from_mins(1);
    let refused = migrator.handle(request(mailbox.request("Delete")), until).await.unwrap_err();
    let text = domain::with_causes(&refused);
    assert!(text.contains("403") && !text.contains("signature"), "{text}");
    assert_eq!(mailbox.put.lock().await.refused, 1);
}

#[tokio::test]
async fn a_stack_that_goes_takes_no_data_with_it() {
    let (db, vault, mailbox) = (testkit::database().await, Vault::empty(), Mailbox::open().await);
    let before = db.contents().await;
    let answer = mailbox.answer(&migrator(db.url(), &vault), "Delete", 60).await;
    assert_eq!(answer["Status"], "SUCCESS");
    assert_eq!(db.contents().await, before);
    assert!(vault.all().is_empty());
}

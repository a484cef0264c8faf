//! Faults of the connection and of the server: what the client concludes, and what the sandbox accepted.

use std::time::Duration;

use domain::messages::Outcome;
use domain::{Category, PhoneNumberId};
use meta::send::{Message, SendOptions};
use meta::templates::TemplateQuery;
use meta::{CallError, PageQuery};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::setup::{RECIPIENT, Setup, client_at, hello, new_template, phone, plain, wamid};
use crate::support::TIMEOUT;

/// Longer than an answer takes on a busy machine, shorter than a fault.
const SHORT: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Concluded {
    Unknown,
    KnownUnsent,
}

impl Concluded {
    #[track_caller]
    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Unknown => Self::Unknown,
            Outcome::KnownUnsent { wait: None, error: None } => Self::KnownUnsent,
            Outcome::KnownUnsent { .. } | Outcome::Accepted(_) | Outcome::Rejected(_) => {
                panic!("a fault does not prove this: {outcome:?}")
            }
        }
    }
}

/// Waits until an attempt is accepted.
async fn until_accepted(setup: &Setup, attempt: &str) {
    let polling = async { while setup.accepted(attempt).await.is_none() {} };
    tokio::time::timeout(TIMEOUT, polling).await.expect("the message is accepted");
}

#[tokio::test]
async fn a_send_with_a_lost_answer_is_unknown() {
    let setup = Setup::with_timeout(SHORT).await;
    for (order, concluded, is_accepted) in [
        (json!({ "kind": "reset" }), Concluded::Unknown, true),
        (json!({ "kind": "hang" }), Concluded::Unknown, true),
        (json!({ "kind": "garbage" }), Concluded::Unknown, true),
        (json!({ "kind": "no_id" }), Concluded::Unknown, true),
        (json!({ "kind": "redirect" }), Concluded::Unknown, false),
        (json!({ "kind": "status" }), Concluded::Unknown, false),
        (json!({ "kind": "status", "httpStatus": 502 }), Concluded::Unknown, false),
        (json!({ "kind": "status", "httpStatus": 503 }), Concluded::Unknown, false),
        (json!({ "kind": "status", "httpStatus": 400 }), Concluded::Unknown, false),
        (json!({ "kind": "status", "httpStatus": 200 }), Concluded::Unknown, false),
        // The body of a failing server proves nothing.
        (json!({ "kind": "refuse", "code": 131_026, "httpStatus": 500 }), Concluded::Unknown, false),
        (json!({ "kind": "refuse", "code": 130_429, "httpStatus": 503 }), Concluded::Unknown, false),
        (json!({ "kind": "refuse", "code": 131_026, "httpStatus": 200 }), Concluded::Unknown, false),
        // 429 comes before a request is processed.
        (json!({ "kind": "status", "httpStatus": 429 }), Concluded::KnownUnsent, false),
    ] {
        let attempt = order.to_string();
        setup.sandbox.order("faults", &order).await;
        let outcome = setup.send_text(RECIPIENT, &attempt).await;
        assert_eq!(Concluded::of(&outcome), concluded, "{attempt}");
        if is_accepted {
            until_accepted(&setup, &attempt).await;
        } else {
            assert_eq!(setup.accepted(&attempt).await, None, "{attempt}");
        }
    }
    wamid(&setup.send_text(RECIPIENT, "after all faults").await);
}

#[tokio::test]
async fn a_send_with_a_late_answer_is_unknown() {
    let setup = Setup::with_timeout(SHORT).await;
    let delay = u64::try_from(SHORT.as_millis()).expect("a short time") * 2;
    setup.sandbox.order("faults", &json!({ "kind": "accept", "delayMs": delay })).await;
    assert_eq!(setup.send_text(RECIPIENT, "late").await, Outcome::Unknown);
    until_accepted(&setup, "late").await;
}

#[tokio::test]
async fn a_message_that_reached_no_server_is_known_unsent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let unused_url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let client = client_at(&unused_url, TIMEOUT);
    let message = Message { to: phone(RECIPIENT), content: hello(), options: SendOptions::default() };
    let answer = client.send(&"token".into(), &PhoneNumberId("1".to_owned()), &message).await;
    assert_eq!(Concluded::of(&answer.outcome), Concluded::KnownUnsent);
    let listed = client.list_numbers(&"token".into(), "1", &PageQuery::default()).await;
    assert!(matches!(listed, Err(CallError::NotSent(_))), "{listed:?}");
}

#[tokio::test]
async fn magic_recipients_reset_a_connection_and_send_a_status_before_the_answer() {
    let setup = Setup::start().await;
    assert_eq!(setup.send_text("+15550000004", "lost").await, Outcome::Unknown);
    assert!(setup.accepted("lost").await.is_some(), "it is accepted");
    let accepted = setup.send_text("+15550000008", "status first").await;
    let entry = setup.accepted("status first").await.expect("it is accepted");
    assert_eq!(entry["wamid"], wamid(&accepted));
}

#[tokio::test]
async fn a_repeated_wamid_is_read() {
    let setup = Setup::start().await;
    let first = setup.send_text(RECIPIENT, "first").await;
    setup.sandbox.order("faults", &json!({ "kind": "duplicate_wamid" })).await;
    assert_eq!(setup.send_text(RECIPIENT, "second").await, first);
    assert_eq!(setup.sandbox.caller.attempts().await, ["first", "second"]);
}

/// The name of an error's variant.
fn fault_of(error: &CallError) -> &'static str {
    match error {
        CallError::Graph(_) => "graph",
        CallError::NotSent(_) => "not sent",
        CallError::NotAnId(_) => "not an id",
        CallError::Broken(_) => "broken",
        CallError::Status(_) => "status",
        CallError::TooLarge => "too large",
        CallError::Unreadable(_) => "unreadable",
        CallError::NotDone => "not done",
    }
}

#[tokio::test]
async fn a_management_call_names_its_fault_although_its_effect_may_exist() {
    let setup = Setup::with_timeout(SHORT).await;
    for (index, (order, fault, is_done)) in [
        (json!({ "kind": "reset" }), "broken", true),
        (json!({ "kind": "hang" }), "broken", true),
        (json!({ "kind": "garbage" }), "unreadable", true),
        (json!({ "kind": "no_id" }), "unreadable", true),
        (json!({ "kind": "redirect" }), "status", false),
        (json!({ "kind": "status", "httpStatus": 502 }), "status", false),
        (json!({ "kind": "refuse", "code": 2, "httpStatus": 500 }), "graph", false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut order: Value = order;
        order["match"] = json!({ "call": "message_templates" });
        setup.sandbox.order("faults", &order).await;
        let name = format!("template_{index}");
        let template = new_template(&name, Category::Utility, plain());
        let made = setup.client.create_template(&setup.token, &setup.waba, &template).await;
        assert_eq!(fault_of(&made.expect_err("no answer comes")), fault, "{order}");
        let query = TemplateQuery { name: Some(&name), ..TemplateQuery::everything(None) };
        let found = setup.client.list_templates(&setup.token, &setup.waba, &query).await.expect("a page");
        assert_eq!(found.items.len() == 1, is_done, "{order}");
    }
}

//! Faults of the way and of the other side: what the client makes of them, and what the oracle knows.

use std::time::Duration;

use domain::messages::Outcome;
use domain::{Category, PhoneNumberId};
use meta::send::{Message, SendOptions};
use meta::templates::TemplateQuery;
use meta::{CallError, PageQuery};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::pair::{ANYBODY, Pair, client_at, hello, new_template, phone, plain, wamid};
use crate::support::TIMEOUT;

/// Longer than an answer takes on a busy machine, shorter than a fault lasts.
const SHORT: Duration = Duration::from_secs(2);

/// What the client may conclude.
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
                panic!("a fault proves no such thing: {outcome:?}")
            }
        }
    }
}

/// Waits until the oracle has an attempt, which it must.
async fn until_accepted(pair: &Pair, attempt: &str) {
    let asking = async { while pair.accepted(attempt).await.is_none() {} };
    tokio::time::timeout(TIMEOUT, asking).await.expect("the message was taken");
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_oracle_knows_what_it_was() {
    let pair = Pair::patient(SHORT).await;
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
        // A failing server's word proves nothing, whatever it says.
        (json!({ "kind": "refuse", "code": 131_026, "httpStatus": 500 }), Concluded::Unknown, false),
        (json!({ "kind": "refuse", "code": 130_429, "httpStatus": 503 }), Concluded::Unknown, false),
        (json!({ "kind": "refuse", "code": 131_026, "httpStatus": 200 }), Concluded::Unknown, false),
        // Whoever is turned away at the door has not come in.
        (json!({ "kind": "status", "httpStatus": 429 }), Concluded::KnownUnsent, false),
    ] {
        let attempt = order.to_string();
        pair.sandbox.order("faults", &order).await;
        let outcome = pair.say(ANYBODY, &attempt).await;
        assert_eq!(Concluded::of(&outcome), concluded, "{attempt}");
        if is_accepted {
            until_accepted(&pair, &attempt).await;
        } else {
            assert_eq!(pair.accepted(&attempt).await, None, "{attempt}");
        }
    }
    wamid(&pair.say(ANYBODY, "after all of it").await);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_is_unknown_although_the_message_is_taken() {
    let pair = Pair::patient(SHORT).await;
    let delay = u64::try_from(SHORT.as_millis()).expect("a short time") * 2;
    pair.sandbox.order("faults", &json!({ "kind": "accept", "delayMs": delay })).await;
    assert_eq!(pair.say(ANYBODY, "late").await, Outcome::Unknown);
    until_accepted(&pair, "late").await;
}

#[tokio::test]
async fn a_message_that_found_nobody_is_known_unsent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let nobody = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let client = client_at(&nobody, TIMEOUT);
    let message = Message { to: phone(ANYBODY), content: hello(), options: SendOptions::default() };
    let answer = client.send(&"token".into(), &PhoneNumberId("1".to_owned()), &message).await;
    assert_eq!(Concluded::of(&answer.outcome), Concluded::KnownUnsent);
    let listed = client.list_numbers(&"token".into(), "1", &PageQuery::default()).await;
    assert!(matches!(listed, Err(CallError::NotSent(_))), "{listed:?}");
}

#[tokio::test]
async fn magic_recipients_lose_an_answer_and_overtake_one() {
    let pair = Pair::open().await;
    assert_eq!(pair.say("+15550000004", "lost").await, Outcome::Unknown);
    assert!(pair.accepted("lost").await.is_some(), "it was taken");
    let overtaken = pair.say("+15550000008", "overtaken").await;
    let entry = pair.accepted("overtaken").await.expect("it was taken");
    assert_eq!(entry["wamid"], wamid(&overtaken));
}

#[tokio::test]
async fn a_repeated_id_is_read_as_it_is_told() {
    let pair = Pair::open().await;
    let first = pair.say(ANYBODY, "first").await;
    pair.sandbox.order("faults", &json!({ "kind": "duplicate_wamid" })).await;
    assert_eq!(pair.say(ANYBODY, "second").await, first);
    assert_eq!(pair.sandbox.caller.attempts().await, ["first", "second"]);
}

/// What stands in the place of a fault.
fn fault_of(error: &CallError) -> &'static str {
    match error {
        CallError::Graph(_) => "graph",
        CallError::NotSent(_) => "not sent",
        CallError::Broken(_) => "broken",
        CallError::Status(_) => "status",
        CallError::TooLarge => "too large",
        CallError::Unreadable(_) => "unreadable",
        CallError::NotDone => "not done",
    }
}

#[tokio::test]
async fn a_management_call_names_the_fault_that_it_met_and_what_was_done_is_there() {
    let pair = Pair::patient(SHORT).await;
    for (place, (order, fault, is_done)) in [
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
        pair.sandbox.order("faults", &order).await;
        let name = format!("template_{place}");
        let template = new_template(&name, Category::Utility, plain());
        let made = pair.client.create_template(&pair.token, &pair.waba, &template).await;
        assert_eq!(fault_of(&made.expect_err("no answer comes")), fault, "{order}");
        let query = TemplateQuery { name: Some(&name), ..TemplateQuery::everything(None) };
        let found = pair.client.list_templates(&pair.token, &pair.waba, &query).await.expect("a page");
        assert_eq!(found.items.len() == 1, is_done, "{order}");
    }
}

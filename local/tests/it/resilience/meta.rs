//! Meta unreachable, silent, garbled, throttling, refusing: a message that may have left is never sent again, and one
//! that did not is.

use std::net::TcpListener;
use std::time::Duration;

use jiff::SignedDuration;
use ops::Platform;
use ops::delivery::call_stats::{CallCounts, CallStats};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::Moment;

use super::fault_test::FaultTest;
use crate::test_system::{Tenant, TestSystem};

/// One kind of answer of Meta's, with its own recipient.
struct Trouble {
    what: &'static str,
    /// The last digits of the recipient.
    to: u32,
    fault: Value,
    /// What the message is shown as in the end.
    end: &'static str,
    /// How often Meta accepted it.
    accepted: usize,
}

fn trouble(what: &'static str, to: u32, fault: Value, end: &'static str, accepted: usize) -> Trouble {
    Trouble { what, to, fault, end, accepted }
}

/// Every answer of Meta's that the sandbox can give.
fn troubles() -> Vec<Trouble> {
    let kind = |kind: &str| json!({ "kind": kind });
    let refuse = |code: i64, status: u16, times: u64| json!({ "kind": "refuse", "code": code, "httpStatus": status, "times": times });
    let bare = |status: u16| json!({ "kind": "status", "httpStatus": status });
    vec![
        // It left, or may have: its statuses decide, and it is never sent again.
        trouble("the answer is lost in a reset", 101, kind("reset"), "READ", 1),
        trouble("the answer never comes", 102, kind("hang"), "READ", 1),
        trouble("200 without an id", 103, kind("no_id"), "READ", 1),
        trouble("200 with a web page", 104, kind("garbage"), "READ", 1),
        trouble("the id of another message", 105, kind("duplicate_wamid"), "READ", 1),
        // It did not leave, which cannot be known.
        trouble("500 without a body", 111, bare(500), "UNRESOLVED", 0),
        trouble("503 without a body", 112, bare(503), "UNRESOLVED", 0),
        trouble("500 with a Graph error", 113, refuse(131_000, 500, 1), "UNRESOLVED", 0),
        trouble("a redirect", 114, kind("redirect"), "UNRESOLVED", 0),
        // It did not leave, Meta says so, and it is sent later.
        trouble("429 without a body", 121, bare(429), "READ", 1),
        trouble("throughput reached", 122, refuse(130_429, 429, 2), "READ", 1),
        trouble("too many to this recipient", 123, refuse(131_056, 400, 3), "READ", 1),
        // Never.
        trouble("refused for good", 131, refuse(131_026, 400, 1), "FAILED", 0),
        trouble("throttled until the tries are used up", 132, refuse(131_056, 400, 100), "FAILED", 0),
    ]
}

fn phone(last: u32) -> String {
    format!("+15557000{last:03}")
}

async fn assert_end(test: &FaultTest, tenant: &Tenant, (id, trouble): (&str, &Trouble)) {
    let message = tenant.message(id).await;
    assert_eq!(message["status"], trouble.end, "{}: {message}", trouble.what);
    assert_eq!(test.accepted(&phone(trouble.to)).await, trouble.accepted, "{}", trouble.what);
    let is_refunded = trouble.end != "READ";
    assert_eq!(message.get("refund").is_some(), is_refunded, "{}: {message}", trouble.what);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn for_every_answer_of_metas_a_message_is_accepted_once_or_refunded() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let mut sent = Vec::new();
    for trouble in troubles() {
        test.fault(&phone(trouble.to), trouble.fault.clone()).await;
        sent.push((tenant.send(&phone(trouble.to)).await, trouble));
    }
    test.rest().await;
    test.assert_at_rest(0).await;
    let tenant = test.log_in_again(&tenant).await;
    for (id, trouble) in &sent {
        assert_end(&test, &tenant, (id, trouble)).await;
    }
}

/// Alarms are set on the counts that a dispatch reports.
#[tokio::test]
async fn a_dispatch_counts_refused_calls_apart_from_those_without_an_answer() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let of = |phones: &[u32]| -> Vec<Trouble> {
        troubles().into_iter().filter(|trouble| phones.contains(&trouble.to)).collect()
    };
    let (unanswered, refused) = (of(&[101, 103, 111]), of(&[122, 131]));
    for trouble in unanswered.iter().chain(&refused) {
        test.fault(&phone(trouble.to), trouble.fault.clone()).await;
        tenant.send(&phone(trouble.to)).await;
    }
    tenant.send(&phone(1)).await;
    let (until, stats) = (test.system.clock.now() + SignedDuration::from_mins(1), CallStats::default());
    ops::delivery::dispatch::dispatch(test.platform(), tenant.id.parse().unwrap(), until, &stats)
        .await
        .unwrap();
    let expected = CallCounts { made: 6, refused: refused.len(), unanswered: unanswered.len() };
    assert_eq!(stats.calls(), expected);
    test.rest().await;
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_dispatch_that_fails_still_counts_metas_answers() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let one = |refused, unanswered| CallCounts { made: 1, refused, unanswered };
    for (to, expected) in [(1, one(0, 0)), (111, one(0, 1)), (131, one(1, 0))] {
        for trouble in troubles().into_iter().filter(|trouble| trouble.to == to) {
            test.fault(&phone(to), trouble.fault).await;
        }
        tenant.send(&phone(to)).await;
        test.faults.arm("record", Moment::BeforeCommit, 1);
        let (until, stats) = (test.system.clock.now() + SignedDuration::from_mins(1), CallStats::default());
        let outcome =
            ops::delivery::dispatch::dispatch(test.platform(), tenant.id.parse().unwrap(), until, &stats)
                .await;
        assert!(outcome.is_err(), "what became of the call was recorded: {outcome:?}");
        assert_eq!((to, stats.calls()), (to, expected));
    }
    test.rest().await;
    test.assert_at_rest(0).await;
}

#[tokio::test]
async fn a_status_after_a_refund_shows_the_message_delivered_and_the_refund_stays() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "0.012").await;
    // Accepted, its answer lost, and no status received.
    test.fault("+15550000003", json!({ "kind": "reset" })).await;
    let id = tenant.send("+15550000003").await;
    test.work().await;
    assert_eq!(tenant.message(&id).await["status"], "UNKNOWN");
    test.rest().await;
    test.assert_at_rest(0).await;
    let tenant = test.log_in_again(&tenant).await;
    let message = tenant.message(&id).await;
    assert_eq!((message["status"].as_str(), message.get("refund").is_some()), (Some("UNRESOLVED"), true));
    let wamid = test.system.acceptances().await[0].wamid.clone();
    test.system.order("statuses", &json!({ "wamid": wamid, "status": "delivered", "copies": 3 })).await;
    test.work().await;
    let message = tenant.message(&id).await;
    assert_eq!((message["status"].as_str(), message.get("refund").is_some()), (Some("DELIVERED"), true));
    assert_eq!(tenant.balance().await, "0.012");
    assert_eq!(test.system.books(true).await.sums.write_offs, 1);
    test.assert_at_rest(0).await;
}

/// The same platform, with a Meta at that address.
fn with_meta_at(system: &TestSystem, base_url: String) -> Platform {
    let config = meta::Config {
        base_url,
        version: "v26.0".to_owned(),
        app_id: "1000000000000001".to_owned(),
        app_secret: SecretString::from("secret"),
        call_timeout: Duration::from_secs(2),
    };
    Platform { meta: meta::Client::new(config).unwrap(), ..system.machine.platform.clone() }
}

#[tokio::test]
async fn while_meta_cannot_be_reached_messages_wait_and_then_each_is_sent_once() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let mut sent = Vec::new();
    for last in 1..=5 {
        sent.push(tenant.send(&phone(last)).await);
    }
    // A port on which nothing listens.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cut_off = with_meta_at(&test.system, format!("http://{address}"));
    let until = test.system.clock.now() + SignedDuration::from_mins(1);
    ops::delivery::dispatch::dispatch(&cut_off, tenant.id.parse().unwrap(), until, &CallStats::default())
        .await
        .unwrap();
    assert_eq!(test.states().await, [("RESERVED".to_owned(), 5)], "known unsent, and paid for");
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_eq!(test.system.acceptances().await.len(), 5);
    let tenant = test.log_in_again(&tenant).await;
    for id in sent {
        assert_eq!(tenant.message(&id).await["status"], "READ");
    }
}

#[tokio::test]
async fn while_meta_stays_unreachable_attempts_run_out_and_every_debit_is_refunded() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "0.012").await;
    let id = tenant.send(&phone(1)).await;
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cut_off = with_meta_at(&test.system, format!("http://{address}"));
    let mut dispatches = 0;
    while test.states().await != [("REJECTED".to_owned(), 1)] {
        let until = test.system.clock.now() + SignedDuration::from_mins(1);
        ops::delivery::dispatch::dispatch(&cut_off, tenant.id.parse().unwrap(), until, &CallStats::default())
            .await
            .unwrap();
        test.system.clock.advance(SignedDuration::from_mins(11));
        dispatches += 1;
        assert!(dispatches <= domain::messages::dispatch::ATTEMPTS_MAX, "tried more often than is allowed");
    }
    assert_eq!(dispatches, domain::messages::dispatch::ATTEMPTS_MAX);
    test.rest().await;
    test.assert_at_rest(0).await;
    let tenant = test.log_in_again(&tenant).await;
    assert_eq!(tenant.message(&id).await["status"], "FAILED");
    assert_eq!(tenant.balance().await, "0.012");
}

#[tokio::test]
async fn a_refused_token_pauses_the_connection_and_no_message_is_lost_by_it() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    test.fault(&phone(1), json!({ "kind": "refuse", "code": 190, "httpStatus": 401 })).await;
    let refused = tenant.send(&phone(1)).await;
    test.work().await;
    let mut waiting = Vec::new();
    for last in 2..=4 {
        waiting.push(tenant.send(&phone(last)).await);
    }
    for _ in 0..4 {
        test.pass(SignedDuration::from_mins(2)).await;
    }
    assert_eq!(test.system.acceptances().await.len(), 0, "nothing more is sent through a paused connection");
    assert_eq!(tenant.message(&refused).await["status"], "FAILED");
    for id in &waiting {
        assert_eq!(tenant.message(id).await["status"], "PENDING");
    }
    let again = json!({ "code": tenant.id });
    tenant.client.post("/whatsapp/connect", &again).await.unwrap().success().unwrap();
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_eq!(test.system.acceptances().await.len(), 3);
    let tenant = test.log_in_again(&tenant).await;
    for id in &waiting {
        assert_eq!(tenant.message(id).await["status"], "READ");
    }
}

/// More than one sub-batch, the first of which meets the invalid token.
const MESSAGES: usize = 120;

#[tokio::test]
async fn a_claim_whose_connection_is_paused_in_the_middle_is_sent_after_reconnecting() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "10.00").await;
    let contact = tenant.contact(&phone(1)).await;
    test.fault(&phone(1), json!({ "kind": "refuse", "code": 190, "httpStatus": 401, "times": 1 })).await;
    for _ in 0..MESSAGES {
        let body = json!({ "templateId": tenant.template, "contactId": contact });
        tenant.client.post("/messages", &body).await.unwrap().success().unwrap();
    }
    test.work().await;
    test.pass(SignedDuration::from_mins(2)).await;
    let accepted = test.system.acceptances().await.len();
    assert!(accepted < MESSAGES - 1, "the rest of the chunk timings, and {accepted} were sent");
    let tenant = test.log_in_again(&tenant).await;
    let again = json!({ "code": tenant.id });
    tenant.client.post("/whatsapp/connect", &again).await.unwrap().success().unwrap();
    test.rest().await;
    test.assert_at_rest(0).await;
    assert_eq!(test.system.acceptances().await.len(), MESSAGES - 1, "all but the one that was refused");
    assert_eq!(test.states().await, [("ACCEPTED".to_owned(), 119), ("REJECTED".to_owned(), 1)]);
}

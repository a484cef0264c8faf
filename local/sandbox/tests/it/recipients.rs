//! The magic recipients.

use std::time::Duration;

use sandbox::{MAGIC_RECIPIENTS, MagicRecipient};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::body::{plain, template_message};
use crate::support::caller::text_to;
use crate::support::{Status, TIMEOUT, TestSandbox};

fn names(statuses: &[Status]) -> Vec<&str> {
    statuses.iter().map(|status| status.name.as_str()).collect()
}

#[test]
fn the_table_lists_the_numbers_in_their_order() {
    let numbers: Vec<&str> = MAGIC_RECIPIENTS.iter().map(|recipient| recipient.number).collect();
    let expected: Vec<String> = (1..=18).map(|number| format!("+15550000{number:03}")).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn the_readme_shows_the_table() {
    let readme = include_str!("../../README.md");
    for MagicRecipient { number, behaviour } in MAGIC_RECIPIENTS {
        let is_row = |line: &str| {
            line.starts_with(&format!("| `{number}`")) && line.ends_with(&format!("| {behaviour} |"))
        };
        assert!(readme.lines().any(is_row), "README.md has no row for {number}: {behaviour}");
    }
}

#[tokio::test]
async fn the_first_is_sent_delivered_and_read() {
    let sandbox = TestSandbox::start().await;
    let reply = sandbox.send("+15550000001", "attempt").await;
    assert_eq!(reply.body["contacts"][0]["wa_id"], "15550000001");
    let wamid = reply.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 3).await, ["sent", "delivered", "read"]);
    for status in sandbox.receiver.statuses() {
        assert_eq!(status.opaque.as_deref(), Some("attempt"), "the opaque data is returned");
        assert_eq!(status.phone_id, sandbox.account.phone_id);
        assert_eq!(status.raw["recipient_id"], "15550000001");
        assert_eq!(status.raw["pricing"].is_object(), status.name != "read", "`read` has no price");
    }
}

#[tokio::test]
async fn any_other_number_behaves_like_the_first() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+49 151 1234-5678", "attempt").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 3).await, ["sent", "delivered", "read"]);
    assert_eq!(sandbox.caller.acceptances().await[0]["to"], "+4915112345678");
}

#[tokio::test]
async fn the_second_fails_after_it_was_sent() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+15550000002", "attempt").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 2).await, ["sent", "failed"]);
    let failed = sandbox.receiver.statuses().pop().expect("two statuses");
    assert_eq!(failed.error, Some(131_026));
    let error = &failed.raw["errors"][0];
    assert_eq!((&error["title"], &error["message"]), (&error["message"], &error["title"]));
    assert!(error["error_data"]["details"].is_string());
    let changes = sandbox.receiver.changes("messages");
    assert!(changes[0]["contacts"].is_array(), "`sent` comes with contacts");
    assert!(changes[1]["contacts"].is_null(), "`failed` comes without contacts");
}

#[tokio::test]
async fn the_third_is_accepted_without_statuses() {
    let sandbox = TestSandbox::start().await;
    let without = sandbox.send("+15550000003", "without").await.wamid();
    // A status of the first message would be due before those of this one, so it would be in the same POST or before.
    let with = sandbox.send("+15550000001", "with").await.wamid();
    sandbox.receiver.wait_for_statuses(&with, 3).await;
    assert_eq!(sandbox.receiver.statuses_of(&without), Vec::<String>::new());
    assert_eq!(sandbox.caller.attempts().await, ["without", "with"]);
}

#[tokio::test]
async fn the_fourth_is_accepted_but_the_connection_is_reset_without_a_byte() {
    let sandbox = TestSandbox::start().await;
    let body = text_to("+15550000004", "lost").to_string();
    let mut socket = TcpStream::connect(sandbox.running.address()).await.expect("the sandbox listens");
    let head = format!(
        "POST /v26.0/{}/messages HTTP/1.1\r\nhost: graph\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        sandbox.account.phone_id,
        sandbox.account.token,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("the head is taken");
    let (early, late) = body.split_at(body.len() - 1);
    socket.write_all(early.as_bytes()).await.expect("the body is taken");
    let mut answer = Vec::new();
    let waiting = timeout(Duration::from_millis(100), socket.read_to_end(&mut answer)).await;
    assert!(waiting.is_err(), "without its last byte the request is not answered");
    assert_eq!(sandbox.caller.attempts().await, Vec::<String>::new());
    socket.write_all(late.as_bytes()).await.expect("the last byte is taken");
    let broken = timeout(TIMEOUT, socket.read_to_end(&mut answer)).await.expect("the connection ends");
    let kind = broken.expect_err("the connection is reset").kind();
    assert_eq!(kind, std::io::ErrorKind::ConnectionReset);
    assert_eq!(answer, b"", "no byte of an answer");
    assert_eq!(sandbox.caller.attempts().await, ["lost"]);
    let acceptances = sandbox.caller.acceptances().await;
    let wamid = acceptances[0]["wamid"].as_str().expect("an acceptance has its wamid");
    assert_eq!(sandbox.receiver.wait_for_statuses(wamid, 3).await, ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn the_fourth_is_not_repeated_by_the_http_client() {
    let sandbox = TestSandbox::start().await;
    // Clients tend to repeat a request by themselves when it used a pooled connection.
    sandbox.send("+15550000001", "before").await.wamid();
    let error = sandbox.caller.send_without_answer(&sandbox.account, "+15550000004", "lost").await;
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(sandbox.caller.attempts().await, ["before", "lost"]);
}

#[tokio::test]
async fn the_fifth_refuses_two_of_three_calls_of_each_sender() {
    let sandbox = TestSandbox::start().await;
    let other = sandbox.caller.connect("another code").await;
    for round in ["first", "second"] {
        for _ in 0..2 {
            assert_eq!(sandbox.send("+15550000005", round).await.expect_error(429), 130_429);
        }
        let refused = sandbox.caller.send(&other, "+15550000005", "other").await;
        assert_eq!(refused.expect_error(429), 130_429, "each sender has its own count");
        let wamid = sandbox.send("+15550000005", round).await.wamid();
        assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 3).await, ["sent", "delivered", "read"]);
    }
    sandbox.caller.send(&other, "+15550000005", "other").await.wamid();
    assert_eq!(sandbox.caller.attempts().await, ["first", "second", "other"]);
}

#[tokio::test]
async fn the_sixth_is_refused() {
    let sandbox = TestSandbox::start().await;
    let reply = sandbox.send("+15550000006", "attempt").await;
    assert_eq!(reply.expect_error(400), 131_030);
    assert!(reply.body["error"]["error_data"]["details"].is_string());
    assert_eq!(sandbox.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_seventh_has_statuses_out_of_order_and_doubled() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+15550000007", "attempt").await.wamid();
    let statuses = sandbox.receiver.wait_for_statuses(&wamid, 6).await;
    assert_eq!(statuses, ["read", "sent", "delivered", "read", "delivered", "sent"]);
}

#[tokio::test]
async fn the_eighth_gets_a_status_before_its_answer() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.order("auto", r#"{"delayMs":50}"#).await.expect_status(200);
    sandbox.receiver.hold_answers();
    let (caller, account) = (sandbox.caller.clone(), sandbox.account.clone());
    let sending = tokio::spawn(async move { caller.send(&account, "+15550000008", "attempt").await });
    sandbox.receiver.wait_until("the status", |receiver| receiver.statuses().len() == 1).await;
    assert!(!sending.is_finished(), "the answer waits until the status is delivered");
    assert_eq!(names(&sandbox.receiver.statuses()), ["sent"]);
    sandbox.receiver.release_answers();
    let wamid = sending.await.expect("the send ends").wamid();
    assert_eq!(sandbox.receiver.statuses()[0].wamid, wamid);
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 3).await.len(), 3, "`delivered` and `read` follow");
}

#[tokio::test]
async fn the_ninth_fails_after_it_was_delivered() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+15550000009", "attempt").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 2).await, ["delivered", "failed"]);
    assert_eq!(sandbox.receiver.statuses()[1].error, Some(131_000));
}

#[tokio::test]
async fn the_tenth_is_delivered_after_it_failed() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+15550000010", "attempt").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 2).await, ["failed", "delivered"]);
    assert_eq!(sandbox.receiver.statuses()[0].error, Some(131_026));
}

#[tokio::test]
async fn the_eleventh_has_a_strict_pair_limit() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+15550000011", "first").await.wamid();
    let early = sandbox.send("+15550000011", "second").await;
    early.expect_refusal(400, (131_056, None), "pair rate limit hit");
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 3).await, ["sent", "delivered", "read"]);
    let other = sandbox.caller.connect("another code").await;
    sandbox.caller.send(&other, "+15550000011", "other").await.wamid();
}

#[tokio::test]
async fn the_twelfth_stopped_marketing() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("offer", "MARKETING")).await;
    sandbox.caller.create(&sandbox.account, &plain("parcel", "UTILITY")).await;
    let offer = template_message("+15550000012", "offer", &json!([]));
    sandbox.message(&offer).await.expect_refusal(400, (131_050, None), "stopped marketing");
    sandbox.message(&template_message("+15550000012", "parcel", &json!([]))).await.wamid();
    sandbox.order("faults", &json!({ "kind": "accept" })).await;
    sandbox.message(&offer).await.wamid();
}

#[tokio::test]
async fn the_thirteenth_has_a_window_only_after_it_wrote() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("parcel", "UTILITY")).await;
    let early = sandbox.send("+15550000013", "early").await;
    early.expect_refusal(400, (131_047, None), "Re-engagement message");
    sandbox.message(&template_message("+15550000013", "parcel", &json!([]))).await.wamid();
    sandbox.order("inbound", &json!({ "from": "+15550000013" })).await;
    sandbox.send("+15550000013", "late").await.wamid();
}

#[tokio::test]
async fn the_fourteenth_and_the_seventeenth_fail_without_being_sent() {
    let sandbox = TestSandbox::start().await;
    for (number, code) in [("+15550000014", 131_049), ("+15550000017", 130_472)] {
        let wamid = sandbox.send(number, "attempt").await.wamid();
        assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 1).await, ["failed"]);
        let status = sandbox.receiver.statuses().into_iter().find(|status| status.wamid == wamid);
        assert_eq!(status.and_then(|status| status.error), Some(code));
    }
}

#[tokio::test]
async fn the_fifteenth_and_the_sixteenth_are_held_and_one_is_dropped() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("offer", "MARKETING")).await;
    for (number, statuses) in
        [("+15550000015", vec!["sent", "delivered", "read"]), ("+15550000016", vec!["failed"])]
    {
        let reply = sandbox.message(&template_message(number, "offer", &json!([]))).await;
        assert_eq!(reply.body["messages"][0]["message_status"], "held_for_quality_assessment");
        let wamid = reply.wamid();
        assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, statuses.len()).await, statuses);
    }
    assert_eq!(sandbox.receiver.statuses().pop().and_then(|status| status.error), Some(132_015));
}

#[tokio::test]
async fn the_eighteenth_never_reads() {
    let sandbox = TestSandbox::start().await;
    let wamid = sandbox.send("+15550000018", "attempt").await.wamid();
    sandbox.receiver.wait_for_statuses(&wamid, 2).await;
    sandbox.caller.wait_until_delivered().await;
    assert_eq!(sandbox.receiver.statuses_of(&wamid), ["sent", "delivered"]);
}

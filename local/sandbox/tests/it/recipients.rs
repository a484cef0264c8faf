//! The magic recipients, one test each.

use std::time::Duration;

use sandbox::MAGIC_RECIPIENTS;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::body::{plain, template_message};
use crate::support::caller::text_to;
use crate::support::{PATIENCE, Stage, Status};

fn words(statuses: &[Status]) -> Vec<&str> {
    statuses.iter().map(|status| status.word.as_str()).collect()
}

#[test]
fn the_table_lists_the_numbers_in_their_order() {
    let numbers: Vec<&str> = MAGIC_RECIPIENTS.iter().map(|one| one.number).collect();
    let expected: Vec<String> = (1..=18).map(|place| format!("+15550000{place:03}")).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn the_first_is_sent_delivered_and_read() {
    let stage = Stage::open().await;
    let reply = stage.send("+15550000001", "attempt").await;
    assert_eq!(reply.body["contacts"][0]["wa_id"], "15550000001");
    let wamid = reply.wamid();
    assert_eq!(stage.receiver.words_of(&wamid, 3).await, ["sent", "delivered", "read"]);
    for status in stage.receiver.statuses() {
        assert_eq!(status.opaque.as_deref(), Some("attempt"), "the opaque data comes back");
        assert_eq!(status.phone_id, stage.account.phone_id);
        assert_eq!(status.raw["recipient_id"], "15550000001");
        assert_eq!(status.raw["pricing"].is_object(), status.word != "read", "read costs nothing");
    }
}

#[tokio::test]
async fn any_other_number_behaves_like_the_first() {
    let stage = Stage::open().await;
    let wamid = stage.send("+49 151 1234-5678", "attempt").await.wamid();
    assert_eq!(stage.receiver.words_of(&wamid, 3).await, ["sent", "delivered", "read"]);
    assert_eq!(stage.caller.acceptances().await[0]["to"], "+4915112345678");
}

#[tokio::test]
async fn the_second_fails_after_it_was_sent() {
    let stage = Stage::open().await;
    let wamid = stage.send("+15550000002", "attempt").await.wamid();
    assert_eq!(stage.receiver.words_of(&wamid, 2).await, ["sent", "failed"]);
    let failed = stage.receiver.statuses().pop().expect("two statuses");
    assert_eq!(failed.error, Some(131_026));
    let error = &failed.raw["errors"][0];
    assert_eq!((&error["title"], &error["message"]), (&error["message"], &error["title"]));
    assert!(error["error_data"]["details"].is_string());
    let changes = stage.receiver.changes("messages");
    assert!(changes[0]["contacts"].is_array(), "contacts stand beside sent");
    assert!(changes[1]["contacts"].is_null(), "and not beside failed");
}

#[tokio::test]
async fn the_third_is_accepted_and_then_silent() {
    let stage = Stage::open().await;
    let silent = stage.send("+15550000003", "silent").await.wamid();
    // Whatever would come for the first message is due before this one's, so it would be in the same POST or before.
    let loud = stage.send("+15550000001", "loud").await.wamid();
    stage.receiver.words_of(&loud, 3).await;
    assert_eq!(stage.receiver.words(&silent), Vec::<String>::new());
    assert_eq!(stage.caller.attempts().await, ["silent", "loud"]);
}

#[tokio::test]
async fn the_fourth_is_accepted_but_the_connection_is_reset_without_a_byte() {
    let stage = Stage::open().await;
    let body = text_to("+15550000004", "lost").to_string();
    let mut socket = TcpStream::connect(stage.sandbox.address()).await.expect("the sandbox listens");
    let head = format!(
        "POST /v26.0/{}/messages HTTP/1.1\r\nhost: graph\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        stage.account.phone_id,
        stage.account.token,
        body.len()
    );
    socket.write_all(head.as_bytes()).await.expect("the head is taken");
    let (early, late) = body.split_at(body.len() - 1);
    socket.write_all(early.as_bytes()).await.expect("the body is taken");
    let mut answer = Vec::new();
    let waiting = timeout(Duration::from_millis(100), socket.read_to_end(&mut answer)).await;
    assert!(waiting.is_err(), "without its last byte the request is not answered in any way");
    assert_eq!(stage.caller.attempts().await, Vec::<String>::new());
    socket.write_all(late.as_bytes()).await.expect("the last byte is taken");
    let broken = timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("the connection ends");
    let kind = broken.expect_err("it does not end in good order").kind();
    assert_eq!(kind, std::io::ErrorKind::ConnectionReset);
    assert_eq!(answer, b"", "not a byte of an answer");
    assert_eq!(stage.caller.attempts().await, ["lost"]);
    let acceptances = stage.caller.acceptances().await;
    let wamid = acceptances[0]["wamid"].as_str().expect("an acceptance has its wamid");
    assert_eq!(stage.receiver.words_of(wamid, 3).await, ["sent", "delivered", "read"]);
}

#[tokio::test]
async fn the_fourth_is_not_mistaken_for_a_request_that_may_be_sent_again() {
    let stage = Stage::open().await;
    // The pool holds a connection already, the case in which clients like to try once more by themselves.
    stage.send("+15550000001", "before").await.wamid();
    let error = stage.caller.send_in_vain(&stage.account, "+15550000004", "lost").await;
    assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    assert_eq!(stage.caller.attempts().await, ["before", "lost"]);
}

#[tokio::test]
async fn the_fifth_refuses_two_of_three_calls_of_each_sender() {
    let stage = Stage::open().await;
    let other = stage.caller.connect("another code").await;
    for round in ["first", "second"] {
        for _ in 0..2 {
            assert_eq!(stage.send("+15550000005", round).await.expect_error(429), 130_429);
        }
        let refused = stage.caller.send(&other, "+15550000005", "other").await;
        assert_eq!(refused.expect_error(429), 130_429, "each sender has its own count");
        let wamid = stage.send("+15550000005", round).await.wamid();
        assert_eq!(stage.receiver.words_of(&wamid, 3).await, ["sent", "delivered", "read"]);
    }
    stage.caller.send(&other, "+15550000005", "other").await.wamid();
    assert_eq!(stage.caller.attempts().await, ["first", "second", "other"]);
}

#[tokio::test]
async fn the_sixth_is_refused() {
    let stage = Stage::open().await;
    let reply = stage.send("+15550000006", "attempt").await;
    assert_eq!(reply.expect_error(400), 131_030);
    assert!(reply.body["error"]["error_data"]["details"].is_string());
    assert_eq!(stage.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn the_seventh_is_told_out_of_order_and_doubled() {
    let stage = Stage::open().await;
    let wamid = stage.send("+15550000007", "attempt").await.wamid();
    let told = stage.receiver.words_of(&wamid, 6).await;
    assert_eq!(told, ["read", "sent", "delivered", "read", "delivered", "sent"]);
}

#[tokio::test]
async fn the_eighth_is_told_before_it_is_answered() {
    let stage = Stage::open().await;
    stage.caller.order("auto", r#"{"delayMs":50}"#).await.expect_status(200);
    stage.receiver.shut();
    let (caller, account) = (stage.caller.clone(), stage.account.clone());
    let sending = tokio::spawn(async move { caller.send(&account, "+15550000008", "attempt").await });
    stage.receiver.until("the status", |receiver| receiver.statuses().len() == 1).await;
    assert!(!sending.is_finished(), "the answer waits for the receiver to take the status");
    assert_eq!(words(&stage.receiver.statuses()), ["sent"]);
    stage.receiver.open();
    let wamid = sending.await.expect("the send ends").wamid();
    assert_eq!(stage.receiver.statuses()[0].wamid, wamid);
    assert_eq!(stage.receiver.words_of(&wamid, 3).await.len(), 3, "delivered and read follow");
}

#[tokio::test]
async fn the_ninth_fails_after_it_was_delivered() {
    let stage = Stage::open().await;
    let wamid = stage.send("+15550000009", "attempt").await.wamid();
    assert_eq!(stage.receiver.words_of(&wamid, 2).await, ["delivered", "failed"]);
    assert_eq!(stage.receiver.statuses()[1].error, Some(131_000));
}

#[tokio::test]
async fn the_tenth_is_delivered_after_it_failed() {
    let stage = Stage::open().await;
    let wamid = stage.send("+15550000010", "attempt").await.wamid();
    assert_eq!(stage.receiver.words_of(&wamid, 2).await, ["failed", "delivered"]);
    assert_eq!(stage.receiver.statuses()[0].error, Some(131_026));
}

#[tokio::test]
async fn the_eleventh_keeps_its_pace() {
    let stage = Stage::open().await;
    let wamid = stage.send("+15550000011", "first").await.wamid();
    let early = stage.send("+15550000011", "second").await;
    early.expect_refusal(400, (131_056, None), "pair rate limit hit");
    assert_eq!(stage.receiver.words_of(&wamid, 3).await, ["sent", "delivered", "read"]);
    let other = stage.caller.connect("another code").await;
    stage.caller.send(&other, "+15550000011", "other").await.wamid();
}

#[tokio::test]
async fn the_twelfth_stopped_marketing() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("offer", "MARKETING")).await;
    stage.caller.create(&stage.account, &plain("parcel", "UTILITY")).await;
    let offer = template_message("+15550000012", "offer", &json!([]));
    stage.message(&offer).await.expect_refusal(400, (131_050, None), "stopped marketing");
    stage.message(&template_message("+15550000012", "parcel", &json!([]))).await.wamid();
    stage.order("faults", &json!({ "kind": "accept" })).await;
    stage.message(&offer).await.wamid();
}

#[tokio::test]
async fn the_thirteenth_has_a_window_only_after_it_wrote() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("parcel", "UTILITY")).await;
    let shut = stage.send("+15550000013", "early").await;
    shut.expect_refusal(400, (131_047, None), "Re-engagement message");
    stage.message(&template_message("+15550000013", "parcel", &json!([]))).await.wamid();
    stage.order("inbound", &json!({ "from": "+15550000013" })).await;
    stage.send("+15550000013", "late").await.wamid();
}

#[tokio::test]
async fn the_fourteenth_and_the_seventeenth_fail_without_being_sent() {
    let stage = Stage::open().await;
    for (number, code) in [("+15550000014", 131_049), ("+15550000017", 130_472)] {
        let wamid = stage.send(number, "attempt").await.wamid();
        assert_eq!(stage.receiver.words_of(&wamid, 1).await, ["failed"]);
        let status = stage.receiver.statuses().into_iter().find(|status| status.wamid == wamid);
        assert_eq!(status.and_then(|status| status.error), Some(code));
    }
}

#[tokio::test]
async fn the_fifteenth_and_the_sixteenth_are_held_and_one_is_dropped() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("offer", "MARKETING")).await;
    for (number, words) in
        [("+15550000015", vec!["sent", "delivered", "read"]), ("+15550000016", vec!["failed"])]
    {
        let reply = stage.message(&template_message(number, "offer", &json!([]))).await;
        assert_eq!(reply.body["messages"][0]["message_status"], "held_for_quality_assessment");
        let wamid = reply.wamid();
        assert_eq!(stage.receiver.words_of(&wamid, words.len()).await, words);
    }
    assert_eq!(stage.receiver.statuses().pop().and_then(|status| status.error), Some(132_015));
}

#[tokio::test]
async fn the_eighteenth_never_reads() {
    let stage = Stage::open().await;
    let wamid = stage.send("+15550000018", "attempt").await.wamid();
    stage.receiver.words_of(&wamid, 2).await;
    stage.caller.settled().await;
    assert_eq!(stage.receiver.words(&wamid), ["sent", "delivered"]);
}

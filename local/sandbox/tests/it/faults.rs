//! Faults on demand, one test for each kind.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::Stage;

const TO: &str = "+4915112345678";

async fn fault(stage: &Stage, order: &Value) -> Value {
    stage.caller.order("faults", &order.to_string()).await.expect_status(200)
}

#[tokio::test]
async fn accept_answers_normally_after_its_delay_whatever_the_recipient() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "accept", "delayMs": 200 })).await;
    let start = Instant::now();
    stage.send("+15550000006", "late").await.wamid();
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(stage.send("+15550000006", "no more").await.expect_error(400), 131_030);
    assert_eq!(stage.caller.attempts().await, ["late"]);
}

#[tokio::test]
async fn a_delay_outlives_a_caller_that_gives_up() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "accept", "delayMs": 300 })).await;
    let error = stage.caller.send_impatiently(&stage.account, Duration::from_millis(50)).await;
    assert!(error.is_timeout(), "{error:?}");
    stage.receiver.until("the statuses", |receiver| receiver.statuses().len() == 3).await;
    assert_eq!(stage.caller.attempts().await, ["hasty"], "accepted although nobody waits");
}

#[tokio::test]
async fn refuse_answers_with_the_code_and_accepts_nothing() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "refuse", "code": 131_056 })).await;
    fault(&stage, &json!({ "kind": "refuse", "code": 2, "httpStatus": 503 })).await;
    assert_eq!(stage.send(TO, "first").await.expect_error(400), 131_056);
    let transient = stage.send(TO, "second").await;
    assert_eq!((transient.expect_error(503), &transient.body["error"]["is_transient"]), (2, &json!(true)));
    assert_eq!(stage.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn status_answers_with_a_bare_status_and_accepts_nothing() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "status" })).await;
    fault(&stage, &json!({ "kind": "status", "httpStatus": 502 })).await;
    for status in [500, 502] {
        let reply = stage.send(TO, "attempt").await;
        assert_eq!((reply.status, reply.text.as_str()), (status, ""));
    }
    assert_eq!(stage.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn hang_accepts_and_does_not_answer() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "hang" })).await;
    let (caller, account) = (stage.caller.clone(), stage.account.clone());
    let sending = tokio::spawn(async move { caller.send_in_vain(&account, TO, "hung").await });
    stage.receiver.until("the statuses", |receiver| receiver.statuses().len() == 3).await;
    assert_eq!(stage.caller.attempts().await, ["hung"]);
    assert!(!sending.is_finished(), "told in full and not yet answered");
    stage.sandbox.stop().await;
    let error = sending.await.expect("the send ends with the sandbox");
    assert!(!error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn reset_accepts_and_breaks_the_connection() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "reset", "times": 2 })).await;
    for attempt in ["first", "second"] {
        let error = stage.caller.send_in_vain(&stage.account, TO, attempt).await;
        assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    }
    stage.send(TO, "third").await.wamid();
    assert_eq!(stage.caller.attempts().await, ["first", "second", "third"]);
}

#[tokio::test]
async fn no_id_accepts_and_answers_without_a_message() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "no_id" })).await;
    let body = stage.send(TO, "attempt").await.expect_status(200);
    assert_eq!(body, json!({ "messaging_product": "whatsapp" }));
    assert_eq!(stage.caller.attempts().await, ["attempt"]);
}

#[tokio::test]
async fn garbage_accepts_and_answers_with_no_json() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "garbage" })).await;
    let reply = stage.send(TO, "attempt").await;
    assert!(reply.status == 200 && reply.body.is_null() && reply.text.contains("<html>"), "{reply:?}");
    assert_eq!(stage.caller.attempts().await, ["attempt"]);
}

#[tokio::test]
async fn redirect_points_elsewhere_and_accepts_nothing() {
    let stage = Stage::open().await;
    fault(&stage, &json!({ "kind": "redirect" })).await;
    let reply = stage.send(TO, "attempt").await;
    assert_eq!(reply.status, 302);
    let location = reply.location.expect("a redirect says where to");
    assert!(location.starts_with(&stage.caller.base), "{location}");
    assert_eq!(stage.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn duplicate_wamid_gives_the_wamid_before_once_more() {
    let stage = Stage::open().await;
    let first = stage.send(TO, "first").await.wamid();
    fault(&stage, &json!({ "kind": "duplicate_wamid" })).await;
    assert_eq!(stage.send(TO, "second").await.wamid(), first);
    assert_ne!(stage.send(TO, "third").await.wamid(), first);
    assert_eq!(stage.caller.attempts().await, ["first", "second", "third"]);
    assert_eq!(stage.receiver.words_of(&first, 6).await.len(), 6, "both are told under it");
}

#[tokio::test]
async fn a_fault_falls_on_what_it_matches_as_often_as_ordered() {
    let stage = Stage::open().await;
    let other = stage.caller.connect("another code").await;
    let matching = json!({ "to": "49 151 12345678", "phoneNumberId": stage.account.phone_id });
    let waiting =
        fault(&stage, &json!({ "match": matching, "times": 2, "kind": "refuse", "code": 131_048 })).await;
    assert_eq!(waiting, json!({ "waiting": 1 }));
    stage.send("+4915100000000", "other recipient").await.wamid();
    stage.caller.send(&other, TO, "other sender").await.wamid();
    for _ in 0..2 {
        assert_eq!(stage.send(TO, "attempt").await.expect_error(400), 131_048);
    }
    stage.send(TO, "attempt").await.wamid();

    fault(&stage, &json!({ "match": { "template": "first" }, "kind": "status" })).await;
    stage.send(TO, "no template").await.wamid();
    let message = json!({
        "messaging_product": "whatsapp", "to": TO, "type": "template",
        "template": { "name": "first", "language": { "code": "en" } },
    });
    assert_eq!(stage.caller.message(&stage.account, &message).await.status, 500);
    assert_eq!(stage.caller.message(&stage.account, &message).await.expect_error(404), 132_001, "used up");
}

#[tokio::test]
async fn an_order_that_cannot_be_meant_is_refused() {
    let stage = Stage::open().await;
    for (order, word) in [
        (json!({ "kind": "explode" }), "explode"),
        (json!({ "kind": "refuse" }), "code"),
        (json!({ "kind": "status", "httpStatus": 99 }), "httpStatus"),
        (json!({ "kind": "hang", "delayMs": 86_400_001 }), "delayMs"),
        (json!({ "kind": "hang", "for": "ever" }), "for"),
        (json!({ "kind": "hang", "match": { "from": "me" } }), "from"),
        (json!({ "times": 1 }), "kind"),
    ] {
        let body = stage.caller.order("faults", &order.to_string()).await.expect_status(400);
        let message = body["error"]["message"].as_str().expect("a refusal says why");
        assert!(message.contains(word), "{order}: {message}");
    }
    stage.send(TO, "attempt").await.wamid();
}

#[tokio::test]
async fn a_fault_falls_on_any_call_that_it_names() {
    let stage = Stage::open().await;
    let path = format!("/{}/message_templates", stage.account.waba);
    let template = crate::support::body::plain("first", "UTILITY");
    let on = |kind: &str, call: &str| json!({ "kind": kind, "match": { "call": call } });
    let mut refuse = on("refuse", "message_templates");
    refuse["code"] = json!(2);
    refuse["httpStatus"] = json!(500);
    fault(&stage, &refuse).await;
    stage.send(TO, "not meant").await.wamid();
    stage.post(&path, &template).await.expect_refusal(500, (2, None), "unavailable");

    refuse["code"] = json!(100);
    refuse["subcode"] = json!(2_388_094);
    refuse["httpStatus"] = json!(400);
    fault(&stage, &refuse).await;
    stage.post(&path, &template).await.expect_refusal(400, (100, Some(2_388_094)), "Invalid parameter");

    fault(&stage, &on("reset", "message_templates")).await;
    let request = stage.caller.request(reqwest::Method::POST, &format!("/v26.0{path}"));
    let lost = request.bearer_auth(&stage.account.token).json(&template).send().await;
    assert!(lost.is_err_and(|error| error.is_request() && !error.is_timeout()));
    let again = stage.post(&path, &template).await;
    again.expect_refusal(400, (100, Some(2_388_024)), "Invalid parameter");

    fault(&stage, &on("garbage", "object")).await;
    let garbage = stage.get(&format!("/{}", stage.account.phone_id)).await;
    assert!(garbage.status == 200 && garbage.body.is_null(), "{garbage:?}");
    fault(&stage, &on("no_id", "phone_numbers")).await;
    let empty = stage.get(&format!("/{}/phone_numbers", stage.account.waba)).await;
    assert_eq!(empty.expect_status(200), json!({}));
    let mut status = on("status", "access_token");
    status["httpStatus"] = json!(502);
    fault(&stage, &status).await;
    let bare = stage.caller.exchange("a code").await;
    assert_eq!((bare.status, bare.text.as_str()), (502, ""));
    fault(&stage, &on("redirect", "register")).await;
    let moved = stage.post(&format!("/{}/register", stage.account.phone_id), &json!({})).await;
    assert_eq!(moved.status, 302);
    assert!(moved.location.is_some_and(|place| place.starts_with(&stage.caller.base)));
}

//! Faults on demand.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::TestSandbox;

const TO: &str = "+4915112345678";

async fn fault(sandbox: &TestSandbox, order: &Value) -> Value {
    sandbox.caller.order("faults", &order.to_string()).await.expect_status(200)
}

#[tokio::test]
async fn accept_answers_after_its_delay_for_any_recipient() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "accept", "delayMs": 200 })).await;
    let start = Instant::now();
    sandbox.send("+15550000006", "late").await.wamid();
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(sandbox.send("+15550000006", "after the fault").await.expect_error(400), 131_030);
    assert_eq!(sandbox.caller.attempts().await, ["late"]);
}

#[tokio::test]
async fn a_delay_outlives_a_caller_that_gives_up() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "accept", "delayMs": 300 })).await;
    let error = sandbox.caller.send_with_timeout(&sandbox.account, Duration::from_millis(50)).await;
    assert!(error.is_timeout(), "{error:?}");
    sandbox.receiver.wait_until("the statuses", |receiver| receiver.statuses().len() == 3).await;
    assert_eq!(
        sandbox.caller.attempts().await,
        ["impatient"],
        "accepted although the caller no longer waits"
    );
}

#[tokio::test]
async fn refuse_answers_with_the_code_and_accepts_nothing() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "refuse", "code": 131_056 })).await;
    fault(&sandbox, &json!({ "kind": "refuse", "code": 2, "httpStatus": 503 })).await;
    assert_eq!(sandbox.send(TO, "first").await.expect_error(400), 131_056);
    let transient = sandbox.send(TO, "second").await;
    assert_eq!((transient.expect_error(503), &transient.body["error"]["is_transient"]), (2, &json!(true)));
    assert_eq!(sandbox.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn status_answers_with_a_bare_status_and_accepts_nothing() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "status" })).await;
    fault(&sandbox, &json!({ "kind": "status", "httpStatus": 502 })).await;
    for status in [500, 502] {
        let reply = sandbox.send(TO, "attempt").await;
        assert_eq!((reply.status, reply.text.as_str()), (status, ""));
    }
    assert_eq!(sandbox.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn hang_accepts_and_does_not_answer() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "hang" })).await;
    let (caller, account) = (sandbox.caller.clone(), sandbox.account.clone());
    let sending = tokio::spawn(async move { caller.send_without_answer(&account, TO, "hung").await });
    sandbox.receiver.wait_until("the statuses", |receiver| receiver.statuses().len() == 3).await;
    assert_eq!(sandbox.caller.attempts().await, ["hung"]);
    assert!(!sending.is_finished(), "all statuses are delivered and the send is not answered");
    sandbox.running.stop().await;
    let error = sending.await.expect("the send ends with the sandbox");
    assert!(!error.is_timeout(), "{error:?}");
}

#[tokio::test]
async fn reset_accepts_and_breaks_the_connection() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "reset", "times": 2 })).await;
    for attempt in ["first", "second"] {
        let error = sandbox.caller.send_without_answer(&sandbox.account, TO, attempt).await;
        assert!(error.is_request() && !error.is_connect() && !error.is_timeout(), "{error:?}");
    }
    sandbox.send(TO, "third").await.wamid();
    assert_eq!(sandbox.caller.attempts().await, ["first", "second", "third"]);
}

#[tokio::test]
async fn no_id_accepts_and_answers_without_a_message() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "no_id" })).await;
    let body = sandbox.send(TO, "attempt").await.expect_status(200);
    assert_eq!(body, json!({ "messaging_product": "whatsapp" }));
    assert_eq!(sandbox.caller.attempts().await, ["attempt"]);
}

#[tokio::test]
async fn garbage_accepts_and_answers_with_html() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "garbage" })).await;
    let reply = sandbox.send(TO, "attempt").await;
    assert!(reply.status == 200 && reply.body.is_null() && reply.text.contains("<html>"), "{reply:?}");
    assert_eq!(sandbox.caller.attempts().await, ["attempt"]);
}

#[tokio::test]
async fn redirect_points_elsewhere_and_accepts_nothing() {
    let sandbox = TestSandbox::start().await;
    fault(&sandbox, &json!({ "kind": "redirect" })).await;
    let reply = sandbox.send(TO, "attempt").await;
    assert_eq!(reply.status, 302);
    let location = reply.location.expect("a redirect has a location");
    assert!(location.starts_with(&sandbox.caller.base), "{location}");
    assert_eq!(sandbox.caller.attempts().await, Vec::<String>::new());
}

#[tokio::test]
async fn duplicate_wamid_repeats_the_previous_wamid() {
    let sandbox = TestSandbox::start().await;
    let first = sandbox.send(TO, "first").await.wamid();
    fault(&sandbox, &json!({ "kind": "duplicate_wamid" })).await;
    assert_eq!(sandbox.send(TO, "second").await.wamid(), first);
    assert_ne!(sandbox.send(TO, "third").await.wamid(), first);
    assert_eq!(sandbox.caller.attempts().await, ["first", "second", "third"]);
    assert_eq!(
        sandbox.receiver.wait_for_statuses(&first, 6).await.len(),
        6,
        "the statuses of both have the same wamid"
    );
}

#[tokio::test]
async fn a_fault_applies_to_matching_requests_as_often_as_ordered() {
    let sandbox = TestSandbox::start().await;
    let other = sandbox.caller.connect("another code").await;
    let matching = json!({ "to": "49 151 12345678", "phoneNumberId": sandbox.account.phone_id });
    let waiting =
        fault(&sandbox, &json!({ "match": matching, "times": 2, "kind": "refuse", "code": 131_048 })).await;
    assert_eq!(waiting, json!({ "waiting": 1 }));
    sandbox.send("+4915100000000", "other recipient").await.wamid();
    sandbox.caller.send(&other, TO, "other sender").await.wamid();
    for _ in 0..2 {
        assert_eq!(sandbox.send(TO, "attempt").await.expect_error(400), 131_048);
    }
    sandbox.send(TO, "attempt").await.wamid();

    fault(&sandbox, &json!({ "match": { "template": "first" }, "kind": "status" })).await;
    sandbox.send(TO, "no template").await.wamid();
    let message = json!({
        "messaging_product": "whatsapp", "to": TO, "type": "template",
        "template": { "name": "first", "language": { "code": "en" } },
    });
    assert_eq!(sandbox.caller.message(&sandbox.account, &message).await.status, 500);
    assert_eq!(
        sandbox.caller.message(&sandbox.account, &message).await.expect_error(404),
        132_001,
        "used up"
    );
}

#[tokio::test]
async fn an_invalid_fault_is_refused() {
    let sandbox = TestSandbox::start().await;
    for (order, name) in [
        (json!({ "kind": "explode" }), "explode"),
        (json!({ "kind": "refuse" }), "code"),
        (json!({ "kind": "status", "httpStatus": 99 }), "httpStatus"),
        (json!({ "kind": "hang", "delayMs": 86_400_001 }), "delayMs"),
        (json!({ "kind": "hang", "for": "ever" }), "for"),
        (json!({ "kind": "hang", "match": { "from": "me" } }), "from"),
        (json!({ "times": 1 }), "kind"),
    ] {
        let body = sandbox.caller.order("faults", &order.to_string()).await.expect_status(400);
        let message = body["error"]["message"].as_str().expect("a refusal has a message");
        assert!(message.contains(name), "{order}: {message}");
    }
    sandbox.send(TO, "attempt").await.wamid();
}

#[tokio::test]
async fn a_fault_applies_to_the_call_that_it_names() {
    let sandbox = TestSandbox::start().await;
    let path = format!("/{}/message_templates", sandbox.account.waba);
    let template = crate::support::body::plain("first", "UTILITY");
    let on = |kind: &str, call: &str| json!({ "kind": kind, "match": { "call": call } });
    let mut refuse = on("refuse", "message_templates");
    refuse["code"] = json!(2);
    refuse["httpStatus"] = json!(500);
    fault(&sandbox, &refuse).await;
    sandbox.send(TO, "not affected").await.wamid();
    sandbox.post(&path, &template).await.expect_refusal(500, (2, None), "unavailable");

    refuse["code"] = json!(100);
    refuse["subcode"] = json!(2_388_094);
    refuse["httpStatus"] = json!(400);
    fault(&sandbox, &refuse).await;
    sandbox.post(&path, &template).await.expect_refusal(400, (100, Some(2_388_094)), "Invalid parameter");

    fault(&sandbox, &on("reset", "message_templates")).await;
    let request = sandbox.caller.request(reqwest::Method::POST, &format!("/v26.0{path}"));
    let lost = request.bearer_auth(&sandbox.account.token).json(&template).send().await;
    assert!(lost.is_err_and(|error| error.is_request() && !error.is_timeout()));
    let again = sandbox.post(&path, &template).await;
    again.expect_refusal(400, (100, Some(2_388_024)), "Invalid parameter");

    fault(&sandbox, &on("garbage", "object")).await;
    let garbage = sandbox.get(&format!("/{}", sandbox.account.phone_id)).await;
    assert!(garbage.status == 200 && garbage.body.is_null(), "{garbage:?}");
    fault(&sandbox, &on("no_id", "phone_numbers")).await;
    let empty = sandbox.get(&format!("/{}/phone_numbers", sandbox.account.waba)).await;
    assert_eq!(empty.expect_status(200), json!({}));
    let mut status = on("status", "access_token");
    status["httpStatus"] = json!(502);
    fault(&sandbox, &status).await;
    let bare = sandbox.caller.exchange("a code").await;
    assert_eq!((bare.status, bare.text.as_str()), (502, ""));
    fault(&sandbox, &on("redirect", "register")).await;
    let moved = sandbox.post(&format!("/{}/register", sandbox.account.phone_id), &json!({})).await;
    assert_eq!(moved.status, 302);
    assert!(moved.location.is_some_and(|location| location.starts_with(&sandbox.caller.base)));
}

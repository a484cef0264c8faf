//! Limits: off until they are ordered, except for registrations; then sends and calls are refused with Meta's codes.

use serde_json::{Value, json};

use crate::support::body::{message, plain, template_message};
use crate::support::{Caller, TIMEOUT, TestSandbox, options, start_sandbox};

const TO: &str = "+4915112345678";

/// Sends until a send is refused, a hundred times at most.
async fn until_refused(sandbox: &TestSandbox, to: &str) -> crate::support::Reply {
    for number in 0..100 {
        let reply = sandbox.send(to, &format!("attempt {number}")).await;
        if reply.status != 200 {
            return reply;
        }
    }
    panic!("nothing was refused");
}

#[tokio::test]
async fn a_thousand_messages_to_three_numbers_are_accepted_by_default() {
    let sandbox = start_sandbox(options(None, None)).await;
    let caller = Caller::new(&sandbox.base_url());
    let account = caller.connect("a code").await;
    caller.send_thousand(&account, &["+15550000001", "+15550000002", "+15550000003"]).await;
    assert_eq!(caller.acceptances().await.len(), 1_000);
}

#[tokio::test]
async fn the_pair_limit_applies_once_it_is_ordered() {
    let sandbox = TestSandbox::start().await;
    let order = json!({ "pair": { "everyMs": 3_600_000, "burst": 2 } });
    assert_eq!(sandbox.order("limits", &order).await["pair"], order["pair"]);
    sandbox.send(TO, "first").await.wamid();
    sandbox.send(TO, "second").await.wamid();
    sandbox.send(TO, "third").await.expect_refusal(400, (131_056, None), "pair rate limit hit");
    sandbox.send("+4915100000000", "another person").await.wamid();
    let other = sandbox.caller.connect("another code").await;
    sandbox.caller.send(&other, TO, "another sender").await.wamid();
    sandbox.order("limits", &json!({ "pair": null })).await;
    sandbox.send(TO, "fourth").await.wamid();
}

#[tokio::test]
async fn the_pair_limit_allows_a_message_after_its_interval() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("limits", &json!({ "pair": { "everyMs": 500, "burst": 1 } })).await;
    until_refused(&sandbox, TO).await.expect_refusal(400, (131_056, None), "short period");
    let again = async { while sandbox.send(TO, "again").await.status != 200 {} };
    tokio::time::timeout(TIMEOUT, again).await.expect("a message is accepted in time");
}

#[tokio::test]
async fn throughput_is_limited_for_all_numbers_or_for_one() {
    let sandbox = TestSandbox::start().await;
    let other = sandbox.caller.connect("another code").await;
    sandbox.order("limits", &json!({ "perSecond": 1, "phoneNumberId": sandbox.account.phone_id })).await;
    let refused = until_refused(&sandbox, TO).await;
    refused.expect_refusal(429, (130_429, Some(2_494_055)), "Rate limit hit");
    for number in 0..20 {
        sandbox.caller.send(&other, TO, &format!("attempt {number}")).await.wamid();
    }
    let shown = sandbox
        .order("limits", &json!({ "perSecond": null, "phoneNumberId": sandbox.account.phone_id }))
        .await;
    assert_eq!((&shown["perSecond"], &shown["perSecondOf"]), (&Value::Null, &json!({})));
    sandbox.order("limits", &json!({ "perSecond": 1 })).await;
    until_refused(&sandbox, TO).await.expect_refusal(429, (130_429, Some(2_494_055)), "throughput");
}

#[tokio::test]
async fn management_calls_show_what_they_use_and_are_refused_beyond_the_quota() {
    let sandbox = TestSandbox::start().await;
    let path = format!("/{}/message_templates", sandbox.account.waba);
    let free = sandbox.get(&path).await;
    let usage = &free.usage[0][&sandbox.account.waba][0];
    assert_eq!((&usage["type"], &usage["call_count"]), (&json!("whatsapp"), &json!(0)));
    assert_eq!(usage["estimated_time_to_regain_access"], 0);
    assert!(free.usage[1]["call_count"].is_u64());

    for (code, subcode, text) in [
        (80_008, None, "too many calls to this WhatsApp Business account"),
        (80_007, None, "Rate limit"),
        (4, Some(2_446_079), "Application request limit reached"),
        (17, Some(2_446_079), "User request limit reached"),
    ] {
        sandbox.order("limits", &json!({ "management": { "perHour": 1, "code": code } })).await;
        let refused = sandbox.get(&path).await;
        refused.expect_refusal(429, (code, subcode), text);
        assert_eq!(refused.body["error"]["is_transient"], true);
        let usage = &refused.usage[0][&sandbox.account.waba][0];
        assert_eq!(usage["call_count"], 100);
        let minutes = usage["estimated_time_to_regain_access"].as_u64().expect("the wait in minutes");
        assert!((1..=60).contains(&minutes), "{minutes}");
    }
    sandbox.send(TO, "not a management call").await.wamid();
    sandbox.order("limits", &json!({ "management": null })).await;
    sandbox.get(&path).await.expect_status(200);
    sandbox.order("limits", &json!({ "management": { "perHour": 0 } })).await;
    assert_eq!(sandbox.get(&path).await.expect_error(429), 80_008, "the default code");
}

#[tokio::test]
async fn a_number_is_registered_ten_times_in_72_hours() {
    let sandbox = TestSandbox::start().await;
    let path = format!("/{}/register", sandbox.account.phone_id);
    let body = json!({ "messaging_product": "whatsapp", "pin": "123456" });
    for _ in 0..9 {
        sandbox.post(&path, &body).await.expect_status(200);
    }
    sandbox.post(&path, &body).await.expect_refusal(400, (133_016, None), "too many attempts");
    let away = format!("/{}/deregister", sandbox.account.phone_id);
    sandbox.post(&away, &json!({})).await.expect_refusal(400, (133_016, None), "rate limit exceeded");
    sandbox.order("limits", &json!({ "registrations": 11 })).await;
    sandbox.post(&path, &body).await.expect_status(200);
}

#[tokio::test]
async fn the_number_of_templates_is_limited() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("limits", &json!({ "templates": 1 })).await;
    sandbox.caller.create(&sandbox.account, &plain("first", "UTILITY")).await;
    let path = format!("/{}/message_templates", sandbox.account.waba);
    let refused = sandbox.post(&path, &plain("second", "UTILITY")).await;
    refused.expect_refusal(400, (100, Some(2_388_019)), "Invalid parameter");
}

#[tokio::test]
async fn free_form_messages_need_an_open_window() {
    let sandbox = start_sandbox(options(None, None)).await;
    let caller = Caller::new(&sandbox.base_url());
    let account = caller.connect("a code").await;
    caller.create(&account, &plain("first", "UTILITY")).await;
    caller.send(&account, TO, "early").await.expect_refusal(400, (131_047, None), "Re-engagement message");
    let template = template_message(TO, "first", &json!([]));
    caller.message(&account, &template).await.wamid();

    let inbound = json!({ "from": TO, "text": "Hi", "userId": "DE.13491208655302741918" });
    let written = caller.order("inbound", &inbound.to_string()).await.expect_status(200);
    assert_eq!(written["told"], false, "there is no receiver, but the window is open");
    caller.send(&account, TO, "late").await.wamid();
    let mut by_id = message("", "text", &json!({ "body": "Good morning" }));
    by_id.as_object_mut().expect("an object").remove("to");
    by_id["recipient"] = json!("DE.13491208655302741918");
    caller.message(&account, &by_id).await.wamid();
    caller.send(&account, "+4915100000000", "another").await.expect_refusal(400, (131_047, None), "24 hours");

    let later = json!({ "from": "+4915100000000", "delayMs": 3_600_000 });
    caller.order("inbound", &later.to_string()).await.expect_status(200);
    assert_eq!(caller.send(&account, "+4915100000000", "early").await.expect_error(400), 131_047);
}

#[tokio::test]
async fn a_closed_window_can_fail_the_message_instead_of_refusing_it() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("limits", &json!({ "window": "fail" })).await;
    let wamid = sandbox.send(TO, "attempt").await.wamid();
    assert_eq!(sandbox.receiver.wait_for_statuses(&wamid, 1).await, ["failed"]);
    assert_eq!(sandbox.receiver.statuses()[0].error, Some(131_047));
}

#[tokio::test]
async fn limits_are_shown_and_malformed_orders_refused() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("limits", &json!({ "perSecond": 7 })).await;
    let shown = sandbox.caller.show("limits").await.expect_status(200);
    assert_eq!(
        (&shown["perSecond"], &shown["pair"], &shown["window"]),
        (&json!(7), &Value::Null, &json!("off"))
    );
    for (order, status) in [
        (json!({ "pair": { "everyMs": 0, "burst": 1 } }), 400),
        (json!({ "pair": { "everyMs": 1 } }), 400),
        (json!({ "window": "ajar" }), 400),
        (json!({ "speed": 1 }), 400),
        (json!({ "perSecond": 1, "phoneNumberId": "1" }), 404),
    ] {
        sandbox.caller.order("limits", &order.to_string()).await.expect_status(status);
    }
    let reset = sandbox.caller.request(reqwest::Method::DELETE, "/sandbox");
    crate::support::caller::read(reset).await.expect_status(200);
    let shown = sandbox.caller.show("limits").await.expect_status(200);
    assert_eq!((&shown["perSecond"], &shown["window"]), (&Value::Null, &json!("refuse")));
}

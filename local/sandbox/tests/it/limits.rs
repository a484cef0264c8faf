//! Limits: off until they are ordered, then refused with Meta's codes.

use serde_json::{Value, json};

use crate::support::body::{message, plain, template_message};
use crate::support::{Caller, PATIENCE, Stage, begin, options};

const TO: &str = "+4915112345678";

/// Sends until a send is refused, which it must be long before so many.
async fn until_refused(stage: &Stage, to: &str) -> crate::support::Reply {
    for place in 0..100 {
        let reply = stage.send(to, &format!("attempt {place}")).await;
        if reply.status != 200 {
            return reply;
        }
    }
    panic!("nothing was refused");
}

#[tokio::test]
async fn a_thousand_messages_to_the_same_few_are_all_accepted_by_default() {
    let sandbox = begin(options(None, None)).await;
    let caller = Caller::new(&sandbox.base_url());
    let account = caller.connect("a code").await;
    caller.send_thousand(&account, &["+15550000001", "+15550000002", "+15550000003"]).await;
    assert_eq!(caller.acceptances().await.len(), 1_000);
}

#[tokio::test]
async fn the_pair_limit_holds_once_it_is_ordered() {
    let stage = Stage::open().await;
    let order = json!({ "pair": { "everyMs": 3_600_000, "burst": 2 } });
    assert_eq!(stage.order("limits", &order).await["pair"], order["pair"]);
    stage.send(TO, "first").await.wamid();
    stage.send(TO, "second").await.wamid();
    stage.send(TO, "third").await.expect_refusal(400, (131_056, None), "pair rate limit hit");
    stage.send("+4915100000000", "another person").await.wamid();
    let other = stage.caller.connect("another code").await;
    stage.caller.send(&other, TO, "another sender").await.wamid();
    stage.order("limits", &json!({ "pair": null })).await;
    stage.send(TO, "fourth").await.wamid();
}

#[tokio::test]
async fn a_pair_may_talk_again_after_its_pace() {
    let stage = Stage::open().await;
    stage.order("limits", &json!({ "pair": { "everyMs": 500, "burst": 1 } })).await;
    until_refused(&stage, TO).await.expect_refusal(400, (131_056, None), "short period");
    let again = async { while stage.send(TO, "again").await.status != 200 {} };
    tokio::time::timeout(PATIENCE, again).await.expect("the pair's turn comes again");
}

#[tokio::test]
async fn throughput_is_limited_for_every_number_or_for_one() {
    let stage = Stage::open().await;
    let other = stage.caller.connect("another code").await;
    stage.order("limits", &json!({ "perSecond": 1, "phoneNumberId": stage.account.phone_id })).await;
    let refused = until_refused(&stage, TO).await;
    refused.expect_refusal(429, (130_429, Some(2_494_055)), "Rate limit hit");
    for place in 0..20 {
        stage.caller.send(&other, TO, &format!("attempt {place}")).await.wamid();
    }
    let shown =
        stage.order("limits", &json!({ "perSecond": null, "phoneNumberId": stage.account.phone_id })).await;
    assert_eq!((&shown["perSecond"], &shown["perSecondOf"]), (&Value::Null, &json!({})));
    stage.order("limits", &json!({ "perSecond": 1 })).await;
    until_refused(&stage, TO).await.expect_refusal(429, (130_429, Some(2_494_055)), "throughput");
}

#[tokio::test]
async fn management_calls_show_what_they_use_and_are_refused_beyond_the_quota() {
    let stage = Stage::open().await;
    let path = format!("/{}/message_templates", stage.account.waba);
    let free = stage.get(&path).await;
    let usage = &free.usage[0][&stage.account.waba][0];
    assert_eq!((&usage["type"], &usage["call_count"]), (&json!("whatsapp"), &json!(0)));
    assert_eq!(usage["estimated_time_to_regain_access"], 0);
    assert!(free.usage[1]["call_count"].is_u64());

    for (code, subcode, words) in [
        (80_008, None, "too many calls to this WhatsApp Business account"),
        (80_007, None, "Rate limit"),
        (4, Some(2_446_079), "Application request limit reached"),
        (17, Some(2_446_079), "User request limit reached"),
    ] {
        stage.order("limits", &json!({ "management": { "perHour": 1, "code": code } })).await;
        let refused = stage.get(&path).await;
        refused.expect_refusal(429, (code, subcode), words);
        assert_eq!(refused.body["error"]["is_transient"], true);
        let usage = &refused.usage[0][&stage.account.waba][0];
        assert_eq!(usage["call_count"], 100);
        let minutes = usage["estimated_time_to_regain_access"].as_u64().expect("minutes are told");
        assert!((1..=60).contains(&minutes), "{minutes}");
    }
    stage.send(TO, "no management").await.wamid();
    stage.order("limits", &json!({ "management": null })).await;
    stage.get(&path).await.expect_status(200);
    stage.order("limits", &json!({ "management": { "perHour": 0 } })).await;
    assert_eq!(stage.get(&path).await.expect_error(429), 80_008, "unless another code is ordered");
}

#[tokio::test]
async fn a_number_is_registered_ten_times_in_72_hours() {
    let stage = Stage::open().await;
    let path = format!("/{}/register", stage.account.phone_id);
    let body = json!({ "messaging_product": "whatsapp", "pin": "123456" });
    for _ in 0..9 {
        stage.post(&path, &body).await.expect_status(200);
    }
    stage.post(&path, &body).await.expect_refusal(400, (133_016, None), "too many attempts");
    let away = format!("/{}/deregister", stage.account.phone_id);
    stage.post(&away, &json!({})).await.expect_refusal(400, (133_016, None), "rate limit exceeded");
    stage.order("limits", &json!({ "registrations": 11 })).await;
    stage.post(&path, &body).await.expect_status(200);
}

#[tokio::test]
async fn an_account_has_so_many_templates() {
    let stage = Stage::open().await;
    stage.order("limits", &json!({ "templates": 1 })).await;
    stage.caller.create(&stage.account, &plain("first", "UTILITY")).await;
    let path = format!("/{}/message_templates", stage.account.waba);
    let refused = stage.post(&path, &plain("second", "UTILITY")).await;
    refused.expect_refusal(400, (100, Some(2_388_019)), "Invalid parameter");
}

#[tokio::test]
async fn free_form_messages_need_an_open_window() {
    let sandbox = begin(options(None, None)).await;
    let caller = Caller::new(&sandbox.base_url());
    let account = caller.connect("a code").await;
    caller.create(&account, &plain("first", "UTILITY")).await;
    caller.send(&account, TO, "early").await.expect_refusal(400, (131_047, None), "Re-engagement message");
    let template = template_message(TO, "first", &json!([]));
    caller.message(&account, &template).await.wamid();

    let inbound = json!({ "from": TO, "text": "Hi", "userId": "DE.13491208655302741918" });
    let written = caller.order("inbound", &inbound.to_string()).await.expect_status(200);
    assert_eq!(written["told"], false, "nobody listens, but the window is open");
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
async fn a_shut_window_may_be_told_instead_of_answered() {
    let stage = Stage::open().await;
    stage.order("limits", &json!({ "window": "fail" })).await;
    let wamid = stage.send(TO, "attempt").await.wamid();
    assert_eq!(stage.receiver.words_of(&wamid, 1).await, ["failed"]);
    assert_eq!(stage.receiver.statuses()[0].error, Some(131_047));
}

#[tokio::test]
async fn limits_are_shown_and_malformed_orders_refused() {
    let stage = Stage::open().await;
    stage.order("limits", &json!({ "perSecond": 7 })).await;
    let shown = stage.caller.look("limits").await.expect_status(200);
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
        stage.caller.order("limits", &order.to_string()).await.expect_status(status);
    }
    let reset = stage.caller.request(reqwest::Method::DELETE, "/sandbox");
    crate::support::caller::read(reset).await.expect_status(200);
    let shown = stage.caller.look("limits").await.expect_status(200);
    assert_eq!((&shown["perSecond"], &shown["window"]), (&Value::Null, &json!("refuse")));
}

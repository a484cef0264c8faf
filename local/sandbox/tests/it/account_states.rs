//! States of accounts, tokens and numbers, and how Graph refuses each.

use serde_json::{Value, json};

use crate::support::body::{plain, template_message};
use crate::support::{APP_ID, APP_SECRET, TestSandbox};

const TO: &str = "+4915112345678";

#[tokio::test]
async fn a_send_of_an_account_that_cannot_send_is_refused_by_its_state() {
    let sandbox = TestSandbox::start().await;
    for (state, status, code, text) in [
        ("LOCKED", 403, 131_031, "Account has been locked"),
        ("RESTRICTED", 403, 368, "Temporarily blocked for policies violations"),
        ("UNPAID", 400, 131_042, "payment"),
        ("MAINTENANCE", 400, 131_057, "maintenance"),
    ] {
        let ordered = sandbox.order("accounts", &json!({ "state": state })).await;
        assert_eq!(ordered["state"], state);
        sandbox.send(TO, "attempt").await.expect_refusal(status, (code, None), text);
    }
    sandbox.order("accounts", &json!({ "state": "ACTIVE" })).await;
    sandbox.send(TO, "attempt").await.wamid();
    assert_eq!(sandbox.caller.attempts().await, ["attempt"]);
}

#[tokio::test]
async fn marketing_can_be_disabled_separately() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("offer", "MARKETING")).await;
    sandbox.caller.create(&sandbox.account, &plain("parcel", "UTILITY")).await;
    sandbox.order("accounts", &json!({ "state": "MARKETING_DISABLED" })).await;
    let offer = template_message(TO, "offer", &json!([]));
    sandbox.message(&offer).await.expect_refusal(400, (131_063, None), "Marketing disabled on Cloud API");
    sandbox.message(&template_message(TO, "parcel", &json!([]))).await.wamid();
    let path = format!("/{}/marketing_messages", sandbox.account.phone_id);
    sandbox.post(&path, &offer).await.wamid();
}

#[tokio::test]
async fn locking_an_account_and_unlocking_it_are_reported_as_a_ban_and_its_end() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("accounts", &json!({ "state": "LOCKED" })).await;
    let change = sandbox.change("account_update").await;
    assert_eq!(
        (&change["event"], &change["entry_id"]),
        (&json!("DISABLED_UPDATE"), &json!(sandbox.account.waba))
    );
    assert_eq!(change["ban_info"]["waba_ban_state"], "DISABLE");
    let date = change["ban_info"]["waba_ban_date"].as_str().expect("a ban has a date");
    assert!(date.contains(", 20") && date.starts_with(char::is_uppercase), "{date}");
    assert!(change["entry_time"].is_u64());

    sandbox.order("accounts", &json!({ "state": "LOCKED" })).await;
    sandbox.order("accounts", &json!({ "state": "ACTIVE" })).await;
    sandbox.receiver.wait_until("the end", |receiver| receiver.changes("account_update").len() >= 2).await;
    let changes = sandbox.receiver.changes("account_update");
    assert_eq!(changes.len(), 2, "an unchanged state is not reported again");
    assert_eq!(changes[1]["ban_info"]["waba_ban_state"], "REINSTATE");
}

#[tokio::test]
async fn a_restriction_is_reported_and_lifted_by_an_event_without_one() {
    let sandbox = TestSandbox::start().await;
    sandbox.order("accounts", &json!({ "state": "RESTRICTED" })).await;
    let change = sandbox.change("account_update").await;
    assert_eq!(change["event"], "ACCOUNT_RESTRICTION");
    let restriction = &change["restriction_info"][0];
    assert_eq!(restriction["restriction_type"], "RESTRICTED_BIZ_INITIATED_MESSAGING");
    assert!(restriction["expiration"].is_u64());
    sandbox.order("accounts", &json!({ "state": "ACTIVE" })).await;
    sandbox.receiver.wait_until("the end", |receiver| receiver.changes("account_update").len() == 2).await;
    assert!(sandbox.receiver.changes("account_update")[1]["restriction_info"].is_null());
}

#[tokio::test]
async fn an_unusable_token_is_refused_with_its_reason() {
    let sandbox = TestSandbox::start().await;
    let templates = format!("/{}/message_templates", sandbox.account.waba);
    let app_token = format!("{APP_ID}|{APP_SECRET}");
    let debug = format!("/debug_token?input_token={}", sandbox.account.token);
    for (state, subcode, text) in
        [("EXPIRED", 463, "expired"), ("INVALIDATED", 467, "invalid"), ("PASSWORD_CHANGED", 460, "password")]
    {
        sandbox.order("accounts", &json!({ "token": state })).await;
        sandbox.get(&templates).await.expect_refusal(401, (190, Some(subcode)), text);
        sandbox.send(TO, "attempt").await.expect_refusal(
            401,
            (190, Some(subcode)),
            "Error validating access token",
        );
        let data = sandbox.caller.get(&app_token, &debug).await.expect_status(200)["data"].clone();
        assert_eq!((&data["is_valid"], &data["error"]["code"]), (&json!(false), &json!(190)));
        assert_eq!(data["error"]["subcode"], subcode);
    }
    let again = sandbox.caller.exchange("a code").await.expect_status(200);
    assert_eq!(again["access_token"], *sandbox.account.token);
    sandbox.send(TO, "after signing up again").await.wamid();
}

#[tokio::test]
async fn a_token_without_the_required_scope_is_refused() {
    let sandbox = TestSandbox::start().await;
    let templates = format!("/{}/message_templates", sandbox.account.waba);
    sandbox.order("accounts", &json!({ "scopes": ["whatsapp_business_management"] })).await;
    sandbox.get(&templates).await.expect_status(200);
    sandbox.send(TO, "attempt").await.expect_refusal(403, (10, None), "does not have permission");

    sandbox.order("accounts", &json!({ "scopes": ["whatsapp_business_messaging"] })).await;
    sandbox.send(TO, "attempt").await.wamid();
    let missing = (200, Some(1_349_176));
    sandbox.get(&templates).await.expect_refusal(403, missing, "whatsapp_business_management");
    let number = format!("/{}", sandbox.account.phone_id);
    sandbox.get(&number).await.expect_refusal(403, missing, "permission");
    sandbox.post(&number, &json!({ "pin": "123456" })).await.expect_refusal(403, missing, "permission");
    let app_token = format!("{APP_ID}|{APP_SECRET}");
    let debug = format!("/debug_token?input_token={}", sandbox.account.token);
    let data = sandbox.caller.get(&app_token, &debug).await.expect_status(200)["data"].clone();
    assert_eq!(data["granular_scopes"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["granular_scopes"][0]["scope"], "whatsapp_business_messaging");
}

#[tokio::test]
async fn a_send_of_a_number_that_cannot_send_is_refused_by_its_status() {
    let sandbox = TestSandbox::start().await;
    for (state, status, code) in [
        ("RATE_LIMITED", 400, 131_048),
        ("RESTRICTED", 400, 131_048),
        ("BANNED", 403, 131_031),
        ("DISCONNECTED", 400, 133_010),
        ("DELETED", 400, 33),
    ] {
        assert_eq!(sandbox.order("numbers", &json!({ "status": state })).await["status"], state);
        assert_eq!(sandbox.send(TO, "attempt").await.expect_error(status), code, "{state}");
        let shown =
            sandbox.get(&format!("/{}?fields=status", sandbox.account.phone_id)).await.expect_status(200);
        assert_eq!(shown["status"], state);
    }
    for state in ["FLAGGED", "CONNECTED"] {
        sandbox.order("numbers", &json!({ "status": state })).await;
        sandbox.send(TO, "attempt").await.wamid();
    }
}

#[tokio::test]
async fn a_person_who_stopped_marketing_gets_none_until_resuming_it() {
    let sandbox = TestSandbox::start().await;
    sandbox.caller.create(&sandbox.account, &plain("offer", "MARKETING")).await;
    sandbox.caller.create(&sandbox.account, &plain("parcel", "UTILITY")).await;
    let offer = template_message(TO, "offer", &json!([]));
    let stopped = sandbox.order("preferences", &json!({ "from": "49 151 12345678", "value": "stop" })).await;
    assert_eq!(stopped, json!({ "told": true }));
    sandbox.message(&offer).await.expect_refusal(400, (131_050, None), "stopped marketing messages");
    sandbox.message(&template_message(TO, "parcel", &json!([]))).await.wamid();
    sandbox.message(&template_message("+4915100000000", "offer", &json!([]))).await.wamid();
    let change = sandbox.change("user_preferences").await;
    assert_eq!(change["contacts"][0]["wa_id"], "4915112345678");
    assert_eq!(change["metadata"]["phone_number_id"], sandbox.account.phone_id);
    let preference = &change["user_preferences"][0];
    assert_eq!(
        (&preference["value"], &preference["category"]),
        (&json!("stop"), &json!("marketing_messages"))
    );
    assert!(preference["timestamp"].is_u64() && preference["detail"].is_string(), "{preference}");
    assert_eq!((&preference["wa_id"], &change["entry_time"]), (&json!("4915112345678"), &Value::Null));

    sandbox.order("preferences", &json!({ "from": TO, "value": "resume" })).await;
    sandbox.message(&offer).await.wamid();
    sandbox.caller.order("preferences", r#"{"from":"+49151","value":"maybe"}"#).await.expect_status(400);
}

#[tokio::test]
async fn an_order_must_name_the_account_when_there_are_several() {
    let sandbox = TestSandbox::start().await;
    for (path, order, status) in [
        ("accounts", json!({ "state": "SLEEPY" }), 400),
        ("accounts", json!({ "wabaId": "1", "state": "LOCKED" }), 404),
        ("accounts", json!({ "update": { "reason": "none" } }), 400),
        ("numbers", json!({ "phoneNumberId": "1", "quality": "RED" }), 404),
        ("numbers", json!({ "quality": "PURPLE" }), 400),
    ] {
        sandbox.caller.order(path, &order.to_string()).await.expect_status(status);
    }
    sandbox.caller.connect("another code").await;
    sandbox.caller.order("accounts", r#"{"state":"LOCKED"}"#).await.expect_status(400);
}

//! Accounts, tokens and numbers in other states than the usual, and what Graph answers then.

use serde_json::{Value, json};

use crate::support::body::{plain, template_message};
use crate::support::{APP_ID, APP_SECRET, Stage};

const TO: &str = "+4915112345678";

#[tokio::test]
async fn an_account_that_may_not_send_is_refused_by_its_state() {
    let stage = Stage::open().await;
    for (state, status, code, words) in [
        ("LOCKED", 403, 131_031, "Account has been locked"),
        ("RESTRICTED", 403, 368, "Temporarily blocked for policies violations"),
        ("UNPAID", 400, 131_042, "payment"),
        ("MAINTENANCE", 400, 131_057, "maintenance"),
    ] {
        let ordered = stage.order("accounts", &json!({ "state": state })).await;
        assert_eq!(ordered["state"], state);
        stage.send(TO, "attempt").await.expect_refusal(status, (code, None), words);
    }
    stage.order("accounts", &json!({ "state": "ACTIVE" })).await;
    stage.send(TO, "attempt").await.wamid();
    assert_eq!(stage.caller.attempts().await, ["attempt"]);
}

#[tokio::test]
async fn marketing_may_be_disabled_alone() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("offer", "MARKETING")).await;
    stage.caller.create(&stage.account, &plain("parcel", "UTILITY")).await;
    stage.order("accounts", &json!({ "state": "MARKETING_DISABLED" })).await;
    let offer = template_message(TO, "offer", &json!([]));
    stage.message(&offer).await.expect_refusal(400, (131_063, None), "Marketing disabled on Cloud API");
    stage.message(&template_message(TO, "parcel", &json!([]))).await.wamid();
    let path = format!("/{}/marketing_messages", stage.account.phone_id);
    stage.post(&path, &offer).await.wamid();
}

#[tokio::test]
async fn a_locked_account_is_told_as_a_ban_and_its_end() {
    let stage = Stage::open().await;
    stage.order("accounts", &json!({ "state": "LOCKED" })).await;
    let told = stage.told("account_update").await;
    assert_eq!((&told["event"], &told["entry_id"]), (&json!("DISABLED_UPDATE"), &json!(stage.account.waba)));
    assert_eq!(told["ban_info"]["waba_ban_state"], "DISABLE");
    let date = told["ban_info"]["waba_ban_date"].as_str().expect("a ban has a day");
    assert!(date.contains(", 20") && date.starts_with(char::is_uppercase), "{date}");
    assert!(told["entry_time"].is_u64());

    stage.order("accounts", &json!({ "state": "LOCKED" })).await;
    stage.order("accounts", &json!({ "state": "ACTIVE" })).await;
    stage.receiver.until("the end", |receiver| receiver.changes("account_update").len() >= 2).await;
    let changes = stage.receiver.changes("account_update");
    assert_eq!(changes.len(), 2, "a state that stays is told once");
    assert_eq!(changes[1]["ban_info"]["waba_ban_state"], "REINSTATE");
}

#[tokio::test]
async fn a_restriction_is_told_and_lifted_by_being_told_without_any() {
    let stage = Stage::open().await;
    stage.order("accounts", &json!({ "state": "RESTRICTED" })).await;
    let told = stage.told("account_update").await;
    assert_eq!(told["event"], "ACCOUNT_RESTRICTION");
    let restriction = &told["restriction_info"][0];
    assert_eq!(restriction["restriction_type"], "RESTRICTED_BIZ_INITIATED_MESSAGING");
    assert!(restriction["expiration"].is_u64());
    stage.order("accounts", &json!({ "state": "ACTIVE" })).await;
    stage.receiver.until("the end", |receiver| receiver.changes("account_update").len() == 2).await;
    assert!(stage.receiver.changes("account_update")[1]["restriction_info"].is_null());
}

#[tokio::test]
async fn a_dead_token_opens_nothing_and_says_how_it_died() {
    let stage = Stage::open().await;
    let templates = format!("/{}/message_templates", stage.account.waba);
    let app_token = format!("{APP_ID}|{APP_SECRET}");
    let debug = format!("/debug_token?input_token={}", stage.account.token);
    for (state, subcode, words) in
        [("EXPIRED", 463, "expired"), ("INVALIDATED", 467, "invalid"), ("PASSWORD_CHANGED", 460, "password")]
    {
        stage.order("accounts", &json!({ "token": state })).await;
        stage.get(&templates).await.expect_refusal(401, (190, Some(subcode)), words);
        stage.send(TO, "attempt").await.expect_refusal(
            401,
            (190, Some(subcode)),
            "Error validating access token",
        );
        let data = stage.caller.get(&app_token, &debug).await.expect_status(200)["data"].clone();
        assert_eq!((&data["is_valid"], &data["error"]["code"]), (&json!(false), &json!(190)));
        assert_eq!(data["error"]["subcode"], subcode);
    }
    let again = stage.caller.exchange("a code").await.expect_status(200);
    assert_eq!(again["access_token"], *stage.account.token);
    stage.send(TO, "after signing up again").await.wamid();
}

#[tokio::test]
async fn a_token_without_a_scope_is_refused_where_it_is_needed() {
    let stage = Stage::open().await;
    let templates = format!("/{}/message_templates", stage.account.waba);
    stage.order("accounts", &json!({ "scopes": ["whatsapp_business_management"] })).await;
    stage.get(&templates).await.expect_status(200);
    stage.send(TO, "attempt").await.expect_refusal(403, (10, None), "does not have permission");

    stage.order("accounts", &json!({ "scopes": ["whatsapp_business_messaging"] })).await;
    stage.send(TO, "attempt").await.wamid();
    let missing = (200, Some(1_349_176));
    stage.get(&templates).await.expect_refusal(403, missing, "whatsapp_business_management");
    let number = format!("/{}", stage.account.phone_id);
    stage.get(&number).await.expect_refusal(403, missing, "permission");
    stage.post(&number, &json!({ "pin": "123456" })).await.expect_refusal(403, missing, "permission");
    let app_token = format!("{APP_ID}|{APP_SECRET}");
    let debug = format!("/debug_token?input_token={}", stage.account.token);
    let data = stage.caller.get(&app_token, &debug).await.expect_status(200)["data"].clone();
    assert_eq!(data["granular_scopes"].as_array().map(Vec::len), Some(1));
    assert_eq!(data["granular_scopes"][0]["scope"], "whatsapp_business_messaging");
}

#[tokio::test]
async fn a_number_that_may_not_send_is_refused_by_its_status() {
    let stage = Stage::open().await;
    for (state, status, code) in [
        ("RATE_LIMITED", 400, 131_048),
        ("RESTRICTED", 400, 131_048),
        ("BANNED", 403, 131_031),
        ("DISCONNECTED", 400, 133_010),
        ("DELETED", 400, 33),
    ] {
        assert_eq!(stage.order("numbers", &json!({ "status": state })).await["status"], state);
        assert_eq!(stage.send(TO, "attempt").await.expect_error(status), code, "{state}");
        let shown = stage.get(&format!("/{}?fields=status", stage.account.phone_id)).await.expect_status(200);
        assert_eq!(shown["status"], state);
    }
    for state in ["FLAGGED", "CONNECTED"] {
        stage.order("numbers", &json!({ "status": state })).await;
        stage.send(TO, "attempt").await.wamid();
    }
}

#[tokio::test]
async fn whoever_stopped_marketing_gets_none_until_it_is_wanted_again() {
    let stage = Stage::open().await;
    stage.caller.create(&stage.account, &plain("offer", "MARKETING")).await;
    stage.caller.create(&stage.account, &plain("parcel", "UTILITY")).await;
    let offer = template_message(TO, "offer", &json!([]));
    let stopped = stage.order("preferences", &json!({ "from": "49 151 12345678", "value": "stop" })).await;
    assert_eq!(stopped, json!({ "told": true }));
    stage.message(&offer).await.expect_refusal(400, (131_050, None), "stopped marketing messages");
    stage.message(&template_message(TO, "parcel", &json!([]))).await.wamid();
    stage.message(&template_message("+4915100000000", "offer", &json!([]))).await.wamid();
    let told = stage.told("user_preferences").await;
    assert_eq!(told["contacts"][0]["wa_id"], "4915112345678");
    assert_eq!(told["metadata"]["phone_number_id"], stage.account.phone_id);
    let preference = &told["user_preferences"][0];
    assert_eq!(
        (&preference["value"], &preference["category"]),
        (&json!("stop"), &json!("marketing_messages"))
    );
    assert!(preference["timestamp"].is_u64() && preference["detail"].is_string(), "{preference}");
    assert_eq!((&preference["wa_id"], &told["entry_time"]), (&json!("4915112345678"), &Value::Null));

    stage.order("preferences", &json!({ "from": TO, "value": "resume" })).await;
    stage.message(&offer).await.wamid();
    stage.caller.order("preferences", r#"{"from":"+49151","value":"maybe"}"#).await.expect_status(400);
}

#[tokio::test]
async fn an_order_about_an_account_must_say_which_when_there_are_several() {
    let stage = Stage::open().await;
    for (path, order, status) in [
        ("accounts", json!({ "state": "SLEEPY" }), 400),
        ("accounts", json!({ "wabaId": "1", "state": "LOCKED" }), 404),
        ("accounts", json!({ "update": { "reason": "none" } }), 400),
        ("numbers", json!({ "phoneNumberId": "1", "quality": "RED" }), 404),
        ("numbers", json!({ "quality": "PURPLE" }), 400),
    ] {
        stage.caller.order(path, &order.to_string()).await.expect_status(status);
    }
    stage.caller.connect("another code").await;
    stage.caller.order("accounts", r#"{"state":"LOCKED"}"#).await.expect_status(400);
}

//! Ordered webhooks: each field has the members that Meta sends.

use serde_json::{Value, json};

use crate::support::{Caller, TestSandbox, options, start_sandbox};

const FROM: &str = "+4915112345678";

/// Asserts that a value has all members of a pattern; `null` in the pattern stands for any value but null.
#[track_caller]
fn assert_like(value: &Value, pattern: &Value) {
    match (value, pattern) {
        (Value::Object(value), Value::Object(pattern)) => {
            for (key, inner) in pattern {
                let found = value.get(key);
                assert!(found.is_some(), "{key} is missing in {value:?}");
                assert_like(found.unwrap_or(&Value::Null), inner);
            }
        }
        (Value::Array(value), Value::Array(pattern)) => {
            assert_eq!(value.len(), pattern.len(), "{value:?}");
            for (value, pattern) in value.iter().zip(pattern) {
                assert_like(value, pattern);
            }
        }
        (value, Value::Null) => assert!(!value.is_null(), "{pattern}"),
        (value, pattern) => assert_eq!(value, pattern),
    }
}

async fn inbound(sandbox: &TestSandbox, order: Value) -> Value {
    let wamid = sandbox.order("inbound", &order).await["wamid"].as_str().expect("a wamid").to_owned();
    let of = |value: &Value| value["messages"][0]["id"] == *wamid;
    sandbox.receiver.wait_until("the message", |receiver| receiver.changes("messages").iter().any(of)).await;
    sandbox.receiver.changes("messages").into_iter().find(of).expect("the message")
}

#[tokio::test]
async fn an_inbound_text_names_person_and_number() {
    let sandbox = TestSandbox::start().await;
    let value = inbound(&sandbox, json!({ "from": "49 151 12345678", "text": "STOP", "name": "Ada" })).await;
    assert_like(
        &value,
        &json!({
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": null, "phone_number_id": sandbox.account.phone_id },
            "contacts": [{ "profile": { "name": "Ada" }, "wa_id": "4915112345678" }],
            "messages": [{ "from": "4915112345678", "id": null, "timestamp": null, "type": "text", "text": { "body": "STOP" } }],
            "entry_id": sandbox.account.waba,
        }),
    );
    let message = &value["messages"][0];
    assert!(message["timestamp"].is_string(), "seconds as text");
    assert!(message["id"].as_str().is_some_and(|id| id.starts_with("wamid.")), "{message}");
    assert!(message["context"].is_null() && value["entry_time"].is_null(), "{value}");
}

#[tokio::test]
async fn a_person_can_have_a_user_id_instead_of_a_number() {
    let sandbox = TestSandbox::start().await;
    let id = "US.13491208655302741918";
    let value = inbound(&sandbox, json!({ "from": id })).await;
    assert_like(&value, &json!({ "contacts": [{ "user_id": id }], "messages": [{ "from_user_id": id }] }));
    assert!(value["messages"][0]["from"].is_null() && value["contacts"][0]["wa_id"].is_null(), "{value}");
    let both = inbound(&sandbox, json!({ "from": FROM, "userId": id })).await;
    assert_like(&both, &json!({ "messages": [{ "from": "4915112345678", "from_user_id": id }] }));
}

#[tokio::test]
async fn every_inbound_type_has_its_content() {
    let sandbox = TestSandbox::start().await;
    let medium = json!({ "id": null, "mime_type": null, "sha256": null });
    for (kind, content) in [
        ("image", medium.clone()),
        ("video", medium.clone()),
        ("audio", medium.clone()),
        ("sticker", medium.clone()),
        ("document", medium),
        ("location", json!({ "latitude": null, "longitude": null })),
        (
            "contacts",
            json!([{ "name": { "formatted_name": null }, "phones": [{ "phone": null, "wa_id": null }] }]),
        ),
        ("reaction", json!({ "message_id": null, "emoji": null })),
        (
            "order",
            json!({
                "catalog_id": null,
                "product_items": [{ "product_retailer_id": null, "quantity": null, "item_price": null, "currency": null }],
            }),
        ),
        ("system", json!({ "body": null, "type": "user_changed_number", "wa_id": null })),
        ("edit", json!({ "original_message_id": null, "message": { "type": "text" } })),
        ("revoke", json!({ "original_message_id": null })),
        ("unsupported", json!({ "type": null })),
        ("request_welcome", json!({})),
    ] {
        let value = inbound(&sandbox, json!({ "from": FROM, "type": kind })).await;
        assert_like(&value, &json!({ "messages": [{ "type": kind, kind: content }] }));
        assert_eq!(value["contacts"].is_array(), kind != "system", "{kind}");
        assert_eq!(value["messages"][0]["errors"][0]["code"] == 131_051, kind == "unsupported", "{kind}");
    }
    sandbox.caller.order("inbound", r#"{"from":"+49151","type":"poem"}"#).await.expect_status(400);
}

#[tokio::test]
async fn buttons_and_lists_answer_the_last_message_of_the_number() {
    let sandbox = TestSandbox::start().await;
    let sent = sandbox.send(FROM, "question").await.wamid();
    let value = inbound(&sandbox, json!({ "from": FROM, "type": "button" })).await;
    let own = value["metadata"]["display_phone_number"].clone();
    assert_like(
        &value,
        &json!({ "messages": [{
            "context": { "from": own, "id": sent }, "button": { "payload": null, "text": null },
        }]}),
    );
    let reply =
        json!({ "type": "list_reply", "list_reply": { "id": "a", "title": "A", "description": "of many" } });
    let order = json!({ "from": FROM, "type": "interactive", "content": reply, "context": "wamid.other" });
    let value = inbound(&sandbox, order).await;
    assert_like(
        &value,
        &json!({ "messages": [{ "context": { "id": "wamid.other" }, "interactive": reply }] }),
    );
    let referral = json!({ "source_url": "https://example.org", "source_type": "ad", "source_id": "1" });
    let value = inbound(&sandbox, json!({ "from": FROM, "referral": referral })).await;
    assert_like(&value, &json!({ "messages": [{ "referral": referral }] }));
}

#[tokio::test]
async fn an_inbound_message_can_be_sent_twice_with_one_id() {
    let sandbox = TestSandbox::start().await;
    let order = json!({ "from": FROM, "wamid": "wamid.twice", "copies": 2 });
    assert_eq!(sandbox.order("inbound", &order).await, json!({ "wamid": "wamid.twice", "told": true }));
    sandbox.receiver.wait_until("both", |receiver| receiver.changes("messages").len() == 2).await;
    for value in sandbox.receiver.changes("messages") {
        assert_eq!(value["messages"][0]["id"], "wamid.twice");
    }
    for order in [json!({ "from": "" }), json!({ "from": FROM, "copies": 101 }), json!({ "to": FROM })] {
        sandbox.caller.order("inbound", &order.to_string()).await.expect_status(400);
    }
    let unknown = json!({ "from": FROM, "phoneNumberId": "1" });
    sandbox.caller.order("inbound", &unknown.to_string()).await.expect_status(404);
}

#[tokio::test]
async fn a_changed_number_is_reported() {
    let sandbox = TestSandbox::start().await;
    let number = format!(
        "/{}?fields=quality_rating,throughput,verified_name,new_display_name,new_name_status,whatsapp_business_manager_messaging_limit",
        sandbox.account.phone_id
    );
    sandbox.order("numbers", &json!({ "throughput": "HIGH" })).await;
    assert_like(
        &sandbox.change("phone_number_quality_update").await,
        &json!({
            "display_phone_number": null, "event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED",
            "max_daily_conversations_per_business": null, "entry_id": sandbox.account.waba, "entry_time": null,
        }),
    );
    let name = json!({ "requested": "New Name", "decision": "PENDING" });
    sandbox.order("numbers", &json!({ "name": name, "messagingLimit": "TIER_10K" })).await;
    let change = sandbox.change("phone_number_name_update").await;
    assert_like(&change, &json!({ "decision": "PENDING", "requested_verified_name": "New Name" }));
    assert!(change.get("rejection_reason").is_some_and(Value::is_null), "present and null");
    assert_like(
        &sandbox.change("business_capability_update").await,
        &json!({
            "max_daily_conversations_per_business": "TIER_10K", "max_phone_numbers_per_business": null,
        }),
    );
    assert_like(
        &sandbox.get(&number).await.expect_status(200),
        &json!({
            "throughput": { "level": "HIGH" }, "new_display_name": "New Name", "new_name_status": "PENDING_REVIEW",
            "whatsapp_business_manager_messaging_limit": "TIER_10K",
        }),
    );
    let name = json!({ "requested": "New Name", "decision": "APPROVED" });
    let shown = sandbox.order("numbers", &json!({ "name": name, "quality": "RED" })).await;
    assert_like(&shown, &json!({ "verifiedName": "New Name", "quality": "RED", "told": true }));
    let field = "phone_number_quality_update";
    sandbox.receiver.wait_until("the flag", |receiver| receiver.changes(field).len() == 2).await;
    assert_like(
        &sandbox.receiver.changes(field)[1],
        &json!({ "event": "FLAGGED", "current_limit": "TIER_10K" }),
    );
    let shown = sandbox.get(&number).await.expect_status(200);
    assert_like(
        &shown,
        &json!({ "verified_name": "New Name", "quality_rating": "RED", "new_name_status": "NONE" }),
    );

    let security = json!({ "event": "PIN_RESET_REQUEST", "requester": "61555822107539" });
    sandbox.order("numbers", &json!({ "security": security })).await;
    assert_like(
        &sandbox.change("security").await,
        &json!({
            "display_phone_number": null, "event": "PIN_RESET_REQUEST", "requester": "61555822107539",
        }),
    );
}

#[tokio::test]
async fn a_declined_name_does_not_change_the_verified_name() {
    let sandbox = TestSandbox::start().await;
    let before = sandbox.get(&format!("/{}", sandbox.account.phone_id)).await.expect_status(200);
    let name = json!({ "requested": "Bad Name", "decision": "REJECTED", "reason": "NAME_EMPLOYER_ISSUE" });
    let shown = sandbox.order("numbers", &json!({ "name": name })).await;
    assert_eq!(shown["verifiedName"], before["verified_name"]);
    let change = sandbox.change("phone_number_name_update").await;
    assert_like(&change, &json!({ "decision": "REJECTED", "rejection_reason": "NAME_EMPLOYER_ISSUE" }));
}

#[tokio::test]
async fn ordered_account_updates_are_sent() {
    let sandbox = TestSandbox::start().await;
    let alert = json!({ "alert_severity": "WARNING", "alert_status": "ACTIVE", "alert_type": "A", "alert_description": "B" });
    let update = json!({ "event": "ACCOUNT_VIOLATION", "violation_info": { "violation_type": "ADULT" } });
    let capability =
        json!({ "max_daily_conversations_per_business": 2000, "max_phone_numbers_per_waba": 25 });
    let order = json!({ "review": "REJECTED", "alert": alert, "update": update, "capability": capability });
    assert_eq!(sandbox.order("accounts", &order).await["told"], true);
    assert_like(
        &sandbox.change("account_review_update").await,
        &json!({ "decision": "REJECTED", "entry_time": null }),
    );
    assert_like(
        &sandbox.change("account_alerts").await,
        &json!({
            "entity_type": "BUSINESS", "entity_id": null, "alert_info": alert,
        }),
    );
    assert_like(&sandbox.change("account_update").await, &update);
    assert_like(&sandbox.change("business_capability_update").await, &capability);
}

#[tokio::test]
async fn any_value_of_any_field_can_be_sent() {
    let sandbox = TestSandbox::start().await;
    let metadata =
        json!({ "display_phone_number": "15550783881", "phone_number_id": sandbox.account.phone_id });
    let echo = json!({
        "messaging_product": "whatsapp", "metadata": metadata,
        "message_echoes": [{ "from": "15550783881", "to": "16505551234", "id": "wamid.1", "type": "text" }],
    });
    let history = json!({
        "messaging_product": "whatsapp", "metadata": metadata,
        "history": [{ "metadata": { "phase": 0, "chunk_order": 1, "progress": 55 }, "threads": [] }],
    });
    for (field, value) in [("smb_message_echoes", echo), ("history", history)] {
        let queued = sandbox.order("webhooks", &json!({ "field": field, "value": value })).await;
        assert_eq!(queued, json!({ "queued": 1 }));
        let change = sandbox.change(field).await;
        assert_like(&change, &value);
        assert_eq!(
            (&change["entry_id"], &change["entry_time"]),
            (&json!(sandbox.account.waba), &Value::Null)
        );
    }
    let value = json!({ "event": "PARTNER_ADDED", "waba_info": { "waba_id": "980198427658004" } });
    let order = json!({ "field": "account_update", "value": value, "wabaId": "2949482758682047", "copies": 2, "delayMs": 10 });
    sandbox.order("webhooks", &order).await;
    sandbox.receiver.wait_until("both", |receiver| receiver.changes("account_update").len() == 2).await;
    let change = sandbox.receiver.changes("account_update").remove(0);
    assert_eq!(change["entry_id"], "2949482758682047", "also an account that the sandbox does not know");
    assert!(change["entry_time"].is_u64());
    for (order, status) in [
        (json!({ "field": "", "value": {} }), 400),
        (json!({ "field": "messages", "value": [] }), 400),
        (json!({ "field": "messages" }), 400),
        (json!({ "field": "messages", "value": {}, "copies": 0 }), 400),
    ] {
        sandbox.caller.order("webhooks", &order.to_string()).await.expect_status(status);
    }
}

#[tokio::test]
async fn without_a_receiver_no_webhook_is_queued() {
    let sandbox = start_sandbox(options(None, None)).await;
    let caller = Caller::new(&sandbox.base_url());
    let raw = r#"{"field":"security","value":{}}"#;
    caller.order("webhooks", raw).await.expect_status(409);
    caller.order("accounts", r#"{"state":"LOCKED"}"#).await.expect_status(404);
    caller.connect("a code").await;
    let shown = caller.order("accounts", r#"{"state":"LOCKED"}"#).await.expect_status(200);
    assert_eq!(shown["told"], false, "the state changes although there is no receiver");
    assert_eq!(caller.show("webhooks").await.expect_status(200)["pending"], 0);
}

//! The flow from registration to refund, for each of the sandbox's magic recipients.

use jiff::SignedDuration;
use serde_json::json;

use crate::test_system::TestSystem;

#[tokio::test]
async fn each_magic_recipient_ends_as_documented_and_the_books_are_clean() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let mut sent = Vec::new();
    for (phone, status, is_refunded) in [
        ("+15550000001", "READ", Some(false)),
        ("+15550000002", "FAILED", Some(true)),
        ("+15550000003", "ACCEPTED", Some(false)),
        ("+15550000004", "READ", Some(false)),
        ("+15550000005", "READ", Some(false)),
        ("+15550000006", "FAILED", Some(true)),
        ("+15550000007", "READ", Some(false)),
        ("+15550000008", "READ", Some(false)),
        ("+15550000009", "DELIVERED", None),
        ("+15550000010", "DELIVERED", None),
        ("+15551234567", "READ", Some(false)),
    ] {
        sent.push((tenant.send(phone).await, phone, status, is_refunded));
    }
    system.pump().await;
    // The throttled one waits for its next attempts.
    system.recover().await;
    for (id, phone, status, is_refunded) in sent {
        let message = tenant.message(&id).await;
        assert_eq!(message["status"], status, "{phone}: {message}");
        assert_eq!(message["cost"], crate::test_system::PRICE);
        if let Some(is_refunded) = is_refunded {
            assert_eq!(message.get("refund").is_some(), is_refunded, "{phone}: {message}");
        }
    }
    system.assert_clean().await;
}

#[tokio::test]
async fn a_failed_message_shows_metas_error_and_is_refunded() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "0.012").await;
    let id = tenant.send("+15550000002").await;
    system.pump().await;
    let message = tenant.message(&id).await;
    assert_eq!(
        (message["status"].as_str(), message["error"]["code"].as_i64()),
        (Some("FAILED"), Some(131_026))
    );
    let statuses: Vec<&str> =
        message["history"].as_array().unwrap().iter().filter_map(|e| e["status"].as_str()).collect();
    assert_eq!(statuses, ["sent", "failed"]);
    assert_eq!(tenant.balance().await, "0.012");
    let ledger = tenant.client.get("/billing/ledger").await.unwrap().success().unwrap();
    let shown: Vec<_> = ledger["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (entry["type"].as_str().unwrap(), entry["amount"].as_str().unwrap(), entry["status"].clone())
        })
        .collect();
    let expected = [
        ("CREDIT", "0.012", json!(null)),
        ("DEBIT", "-0.012", json!("REFUNDED")),
        ("CREDIT", "0.012", json!(null)),
    ];
    assert_eq!(shown, expected);
    system.assert_clean().await;
}

#[tokio::test]
async fn a_message_that_the_balance_does_not_cover_ends_without_a_debit() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "0.02").await;
    let (first, second) = (tenant.send("+15550000001").await, tenant.send("+15550000001").await);
    system.pump().await;
    assert_eq!(tenant.message(&first).await["status"], "READ");
    let unfunded = tenant.message(&second).await;
    assert_eq!((unfunded["status"].as_str(), unfunded.get("cost")), (Some("NO_FUNDS"), None));
    assert_eq!(tenant.balance().await, "0.008");
    system.assert_clean().await;
}

#[tokio::test]
async fn a_template_that_meta_moved_to_marketing_is_charged_as_marketing_also_for_scheduled_messages() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    let contact = tenant.contact("+15550000001").await;
    let waits = json!({
        "templateId": tenant.template, "contactId": contact, "idempotencyKey": "waits",
        "scheduleTime": (system.clock.now() + SignedDuration::from_mins(5)).to_string(),
    });
    let waits = tenant.client.post("/messages/schedule", &waits).await.unwrap().success().unwrap();
    let listed = tenant.client.get("/templates").await.unwrap().success().unwrap();
    let order = json!({ "id": listed["data"][0]["metaTemplateId"], "category": "MARKETING" });
    system.order("templates", &order).await;
    system.pump().await;
    let listed = tenant.client.get("/templates").await.unwrap().success().unwrap();
    assert_eq!(listed["data"][0]["category"], "MARKETING");
    system.recover().await;
    let message = tenant.message(waits["id"].as_str().unwrap()).await;
    assert_eq!((&message["status"], &message["cost"]), (&json!("READ"), &json!("0.06")));
    system.assert_clean().await;
}

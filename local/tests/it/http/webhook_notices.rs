//! Signed webhooks about an unknown message, about another tenant's message, or without anything new.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::raw_api::RawApi;
use super::webhook_signature::{post_signed, webhook};
use crate::test_system::{Tenant, TestSystem};

fn status(wamid: &str, status: &str) -> Value {
    json!({
        "id": wamid, "status": status, "timestamp": "1750000000", "recipient_id": "15550000003",
        "errors": [{ "code": 131_026, "title": "Message undeliverable" }],
    })
}

/// The tenant's number, as connecting again returns it.
async fn number(system: &TestSystem, tenant: &Tenant) -> String {
    // Meta's own updates of templates and numbers have arrived.
    system.pump().await;
    let connected = tenant.client.post("/whatsapp/connect", &json!({ "code": tenant.id })).await.unwrap();
    connected.success().unwrap()["phoneNumbers"][0]["id"].as_str().unwrap().to_owned()
}

/// Sends to the recipient without further statuses; returns the message's id and Meta's id of it.
async fn sent_without_statuses(system: &TestSystem, tenant: &Tenant) -> (String, String) {
    let id = tenant.send("+15550000003").await;
    system.pump().await;
    let message = tenant.message(&id).await;
    assert_eq!(message["status"], "ACCEPTED");
    (id, message["wamid"].as_str().unwrap().to_owned())
}

/// All tables except the time of a number's last webhook, which each webhook changes, and the queues.
async fn contents(system: &TestSystem) -> BTreeMap<String, (i64, String)> {
    let mut contents = system.db.contents().await;
    contents.retain(|table, _| !["sender_leases", "queue_messages", "queue_turns"].contains(&table.as_str()));
    contents
}

/// The rows in tables for unhandled and parked updates, and the other tables, which must not change.
fn split_unhandled(mut contents: BTreeMap<String, (i64, String)>) -> (i64, BTreeMap<String, (i64, String)>) {
    let parked = contents.remove("parked_updates").unwrap().0;
    let unhandled = contents.remove("kept_updates").unwrap().0;
    (parked + unhandled, contents)
}

#[tokio::test]
async fn a_status_of_an_unknown_message_is_stored_and_moves_no_money() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.234").await;
    let (number, before) = (number(&system, &tenant).await, contents(&system).await);
    for (number, wamid) in [(number.as_str(), "wamid.unknown"), ("999999999999", "wamid.stranger")] {
        for word in ["sent", "delivered", "read", "failed"] {
            let body = webhook(number, &[status(wamid, word)]);
            assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200);
        }
    }
    system.pump().await;
    let ((unhandled_before, before), (unhandled, after)) =
        (split_unhandled(before), split_unhandled(contents(&system).await));
    assert_eq!(unhandled, unhandled_before + 8, "each is stored");
    assert_eq!(after, before, "and nothing else changed");
    assert_eq!(tenant.balance().await, "1.234");
    system.assert_clean().await;
}

#[tokio::test]
async fn a_status_of_one_tenants_message_from_anothers_number_changes_nothing() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let (ours, theirs) = (system.tenant("ours", "1.234").await, system.tenant("theirs", "1.234").await);
    let (id, wamid) = sent_without_statuses(&system, &ours).await;
    let (their_number, shown) = (number(&system, &theirs).await, ours.message(&id).await);
    let before = contents(&system).await;
    for word in ["failed", "delivered", "read"] {
        let body = webhook(&their_number, &[status(&wamid, word)]);
        assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200);
    }
    system.pump().await;
    let ((unhandled_before, before), (unhandled, after)) =
        (split_unhandled(before), split_unhandled(contents(&system).await));
    assert_eq!(unhandled, unhandled_before + 3);
    assert_eq!(after, before);
    assert_eq!(ours.message(&id).await, shown);
    assert_eq!((ours.balance().await.as_str(), theirs.balance().await.as_str()), ("1.222", "1.234"));
    system.assert_clean().await;
}

#[tokio::test]
async fn the_same_signed_body_fifty_times_changes_no_table() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.234").await;
    let (id, wamid) = sent_without_statuses(&system, &tenant).await;
    let number = number(&system, &tenant).await;
    let body = webhook(&number, &[status(&wamid, "sent"), status(&wamid, "failed")]);
    assert_eq!(post_signed(&system, &api, body.as_bytes()).await.status, 200);
    system.pump().await;
    assert_eq!(
        (tenant.message(&id).await["status"].as_str(), tenant.balance().await.as_str()),
        (Some("FAILED"), "1.234")
    );
    let before = contents(&system).await;
    for _ in 0..5 {
        let replays = (0..10).map(|_| post_signed(&system, &api, body.as_bytes()));
        let answers = futures_util::future::join_all(replays).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
    }
    system.pump().await;
    assert_eq!(contents(&system).await, before);
    assert_eq!(system.machine.queues.depths().await.unwrap(), (0, 0), "messages that wait, dead letters");
    system.assert_clean().await;
}

#[tokio::test]
async fn a_text_that_postgres_cannot_store_does_not_lose_the_status_beside_it() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.234").await;
    let (id, wamid) = sent_without_statuses(&system, &tenant).await;
    let mut odd = status("wamid.\u{0}odd", "failed");
    odd["errors"][0]["title"] = json!("Und\u{0}eliverable \\u0000 \\\u{0}");
    let mut body: Value =
        serde_json::from_str(&webhook(&number(&system, &tenant).await, &[odd, status(&wamid, "delivered")]))
            .unwrap();
    let inbound =
        json!({ "field": "messages", "value": { "messages": [{ "text": { "body": "a\u{0}b" } }] } });
    body["entry"][0]["changes"].as_array_mut().unwrap().push(inbound);
    let unhandled_before = split_unhandled(contents(&system).await).0;
    assert_eq!(post_signed(&system, &api, body.to_string().as_bytes()).await.status, 200);
    system.pump().await;
    assert_eq!(tenant.message(&id).await["status"], "DELIVERED");
    assert_eq!(split_unhandled(contents(&system).await).0, unhandled_before + 2);
    assert_eq!(system.machine.queues.depths().await.unwrap(), (0, 0), "messages that wait, dead letters");
}

#[tokio::test]
async fn a_second_failure_with_another_code_does_not_change_the_first_error() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.234").await;
    let (id, wamid) = sent_without_statuses(&system, &tenant).await;
    let number = number(&system, &tenant).await;
    let mut shown = None;
    for code in [131_026, 131_047] {
        let mut failed = status(&wamid, "failed");
        failed["errors"][0]["code"] = json!(code);
        assert_eq!(post_signed(&system, &api, webhook(&number, &[failed]).as_bytes()).await.status, 200);
        system.pump().await;
        let message = tenant.message(&id).await;
        assert_eq!(
            (message["status"].as_str(), message["error"]["code"].as_i64()),
            (Some("FAILED"), Some(131_026))
        );
        assert_eq!(*shown.get_or_insert_with(|| message.clone()), message);
    }
    assert_eq!(tenant.balance().await, "1.234");
    system.assert_clean().await;
}

//! A tenant names amounts, and its owners get a letter when the balance falls below one of them.

use axum::http::Method;
use domain::Role;
use serde_json::{Value, json};

use super::actors::user;
use super::raw_api::{Answer, RawApi};
use crate::test_system::{Tenant, TestSystem};

async fn set(api: &RawApi, token: &str, thresholds: Value) -> Answer {
    let body = json!({ "thresholds": thresholds });
    api.call(Method::PUT, "/billing/low-balance").bearer(token).json(&body).send().await
}

async fn shown(api: &RawApi, token: &str) -> Value {
    api.get("/billing/low-balance").bearer(token).send().await.success().clone()
}

/// The letters to an address about a low balance, as they are in the folder.
fn letters_to(system: &TestSystem, address: &str) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(system.home.join("mail")) else { return Vec::new() };
    folder
        .map(|letter| std::fs::read_to_string(letter.unwrap().path()).unwrap_or_default())
        .filter(|letter| letter.contains(&format!("To: {address}")) && letter.contains("The balance of"))
        .map(|letter| letter.replace("=\r\n", ""))
        .collect()
}

/// Sends that many messages and lets everything that follows happen.
async fn send(system: &TestSystem, tenant: &Tenant, messages: usize) {
    for _ in 0..messages {
        tenant.send("+15550000001").await;
        system.pump().await;
    }
    system.sweep().await;
    system.pump().await;
}

#[tokio::test]
async fn thresholds_are_shown_highest_first_with_the_next_one_and_each_change_is_in_the_audit_log() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.00").await;
    let token = system.token(&tenant).await;
    assert_eq!(shown(&api, &token).await, json!({ "thresholds": [] }));
    let first = set(&api, &token, json!(["0.5", 5, "1", "0.000001"])).await;
    let expected = json!({ "thresholds": ["5.00", "1.00", "0.50", "0.000001"], "next": "1.00" });
    assert_eq!(first.success(), &expected, "5.00 is above the balance");
    assert_eq!(shown(&api, &token).await, expected);
    // The answer was lost and the call is made again, in another order.
    assert_eq!(set(&api, &token, json!(["1", "0.5", "0.000001", "5"])).await.success(), &expected);
    set(&api, &token, json!([])).await.success();
    let audit = api.get("/audit").bearer(&token).send().await;
    let changes: Vec<&Value> = audit.success()["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "low_balance.set")
        .collect();
    assert_eq!(changes.len(), 2, "{changes:?}");
    assert_eq!(changes[0]["detail"], json!({ "before": ["5.00", "1.00", "0.50", "0.000001"], "after": [] }));
}

#[tokio::test]
async fn a_threshold_that_is_no_amount_is_twice_or_is_one_too_many_is_named() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "0").await;
    let token = system.token(&tenant).await;
    for (thresholds, field) in [
        (json!(["1", "0"]), "thresholds[1]"),
        (json!(["-1"]), "thresholds[0]"),
        (json!(["1000000000.000001"]), "thresholds[0]"),
        (json!(["1", "2", "1.00"]), "thresholds[2]"),
        (json!([1, 2, 3, 4, 5, 6]), "thresholds"),
        (json!(["1.0000001"]), "thresholds[0]"),
        (json!("1"), "thresholds"),
    ] {
        set(&api, &token, thresholds.clone()).await.assert_invalid(field, &thresholds.to_string());
    }
    assert_eq!(shown(&api, &token).await, json!({ "thresholds": [] }));
}

#[tokio::test]
async fn each_owner_gets_one_letter_for_each_crossing_and_the_next_after_a_top_up() {
    let system = TestSystem::start().await;
    let api = RawApi::of(&system);
    let tenant = system.tenant("acme", "1.00").await;
    user(&system, tenant.id.parse().unwrap(), Role::Owner).await;
    user(&system, tenant.id.parse().unwrap(), Role::Admin).await;
    let second = format!("owner-{}@tenant.test", tenant.id);
    set(&api, &system.token(&tenant).await, json!(["0.98", "0.96"])).await.success();
    let counts = || [letters_to(&system, &tenant.email).len(), letters_to(&system, &second).len()];
    send(&system, &tenant, 1).await;
    assert_eq!(counts(), [0, 0], "0.988 is not below it");
    send(&system, &tenant, 1).await;
    assert_eq!(counts(), [1, 1]);
    let letter = letters_to(&system, &tenant.email).remove(0);
    assert!(letter.contains("balance of acme is 0.976, which is below 0.98"), "{letter}");
    send(&system, &tenant, 1).await;
    assert_eq!(counts(), [1, 1], "it was warned of");
    send(&system, &tenant, 1).await;
    assert_eq!(counts(), [2, 2], "and now of the next");
    let top_up = json!({ "tenantId": tenant.id, "amount": "0.04", "idempotencyKey": "more" });
    system.owner().await.post("/billing/add-credits", &top_up).await.unwrap().success().unwrap();
    send(&system, &tenant, 2).await;
    assert_eq!(counts(), [3, 3], "0.992 was above both");
    assert!(letters_to(&system, &format!("admin-{}@tenant.test", tenant.id)).is_empty());
    system.assert_clean().await;
}

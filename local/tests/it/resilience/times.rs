//! Workers whose clocks differ write about the same messages at once: no time contradicts another, and what is known
//! already changes nothing.

use std::time::Duration;

use domain::Clock;
use domain::updates::Update;
use jiff::SignedDuration;
use ops::Platform;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::fault_test::FaultTest;

/// Accepted without further statuses.
const SILENT: &str = "+15550000003";
const MESSAGES: usize = 12;
const WORKERS: i64 = 8;
/// The last worker's clock is this far ahead of the first one's, as in a fleet whose clocks are badly kept.
const APART: SignedDuration = SignedDuration::from_secs(40);

/// The platform of a machine whose clock is ahead.
fn ahead(test: &FaultTest, by: SignedDuration) -> Platform {
    let clock = Clock::shifted();
    clock.advance(by);
    Platform { clock, ..test.platform().clone() }
}

/// A webhook's updates: one status of each message, from another message on in each call.
fn updates(test_number: &str, wamids: &[String], status: &str, first: usize) -> Vec<Update> {
    let of = |wamid: &String| {
        json!({ "id": wamid, "status": status, "timestamp": "1750000000", "recipient_id": "15550000003",
                "errors": if status == "failed" { json!([{ "code": 131_026, "title": "Undeliverable" }]) } else { Value::Null } })
    };
    let mut statuses: Vec<Value> = wamids.iter().map(of).collect();
    statuses.rotate_left(first % wamids.len());
    let value = json!({
        "messaging_product": "whatsapp", "metadata": { "phone_number_id": test_number }, "statuses": statuses,
    });
    let entry = json!({ "id": "1", "changes": [{ "field": "messages", "value": value }] });
    let body = json!({ "object": "whatsapp_business_account", "entry": [entry] }).to_string();
    meta::webhook::parse(body.as_bytes()).unwrap()
}

/// Every worker applies every status of every message, each in another order.
async fn apply_all(test: &FaultTest, number: &str, wamids: &[String], since: SignedDuration) {
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let platform =
            ahead(test, since + APART / i32::try_from(WORKERS).unwrap() * i32::try_from(worker).unwrap());
        let mut kinds = ["sent", "failed", "delivered"];
        let first = usize::try_from(worker).unwrap();
        kinds.rotate_left(first % 3);
        let work: Vec<Vec<Update>> = kinds.iter().map(|kind| updates(number, wamids, kind, first)).collect();
        workers.spawn(async move {
            for updates in work {
                ops::updates::apply::apply_updates(&platform, updates).await.unwrap();
            }
        });
    }
    workers.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_with_different_clocks_write_times_that_agree_and_a_copy_changes_none() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let mut ids = Vec::new();
    for _ in 0..MESSAGES {
        ids.push(tenant.send(SILENT).await);
    }
    test.work().await;
    let wamids: Vec<String> = test.system.acceptances().await.into_iter().map(|one| one.wamid).collect();
    let url = format!("{}/sandbox/accounts", test.system.sandbox_url);
    let accounts: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    let number = accounts["accounts"][0]["phoneNumberId"].as_str().unwrap();
    apply_all(&test, number, &wamids, SignedDuration::ZERO).await;
    for id in &ids {
        let shown = tenant.message(id).await;
        let changed = shown["updatedAt"].as_str().unwrap();
        let history = shown["history"].as_array().unwrap();
        assert_eq!(history.len(), 3, "{shown}");
        for entry in history {
            assert!(
                entry["receivedAt"].as_str().unwrap() <= changed,
                "received after the last change: {shown}"
            );
        }
        assert_eq!(shown["status"], "DELIVERED");
    }
    // The refunds that some of them are owed, before anything is compared.
    test.work().await;
    let before = test.system.db.contents().await;
    tokio::time::timeout(
        Duration::from_mins(1),
        apply_all(&test, number, &wamids, SignedDuration::from_hours(1)),
    )
    .await
    .unwrap();
    let after = test.system.db.contents().await;
    for table in ["messages", "statuses", "ledger", "wallets", "refund_promises", "write_offs", "unknowns"] {
        assert_eq!(after[table], before[table], "copies changed {table}");
    }
}

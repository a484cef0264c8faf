//! What goes first leaves first, also while a claim of what goes later is being sent.

use domain::TenantId;
use jiff::SignedDuration;
use ops::delivery::call_stats::CallStats;
use serde_json::json;

use crate::test_system::{Tenant, TestSystem};

/// Messages of one claim, and how many of them are marked together at the rate below.
const OFFERS: usize = 60;
const TOGETHER: usize = 10;

/// Schedules marketing messages that are all due in the same second, from a number that sends 20 a second.
async fn schedule_offers(system: &TestSystem, tenant: &Tenant) {
    let template = json!({ "name": "offer", "content": "Half price", "category": "MARKETING" });
    let template = tenant.client.post("/templates", &template).await.unwrap().success().unwrap();
    let contact = tenant.contact("+15550001234").await;
    let at = system.clock.now() + SignedDuration::from_mins(5);
    for number in 0..OFFERS {
        let body = json!({
            "templateId": template["id"], "contactId": contact, "scheduleTime": at.to_string(),
            "idempotencyKey": number.to_string(),
        });
        tenant.client.post("/messages/schedule", &body).await.unwrap().success().unwrap();
    }
    system.db.execute("UPDATE phone_numbers SET messages_per_second = 20").await;
    system.clock.advance(SignedDuration::from_mins(5) + SignedDuration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_utility_message_does_not_wait_for_the_rest_of_a_claim_of_offers() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "100").await;
    tenant.contact("+15550004321").await;
    schedule_offers(&system, &tenant).await;

    let (platform, until) = (system.machine.platform.clone(), system.end_of_shift());
    let id: TenantId = tenant.id.parse().unwrap();
    let sending = tokio::spawn(async move {
        ops::delivery::dispatch::dispatch(&platform, id, until, &CallStats::default()).await.unwrap()
    });
    while system.acceptances().await.is_empty() {
        assert!(!sending.is_finished(), "the dispatch sends the offers");
        tokio::task::yield_now().await;
    }
    let urgent = tenant.send("+15550004321").await;
    sending.await.unwrap();

    let sent = system.acceptances().await;
    assert_eq!(sent.len(), OFFERS + 1);
    let place = sent.iter().position(|acceptance| acceptance.to.ends_with("4321")).unwrap();
    assert!(place + TOGETHER <= OFFERS, "the utility message was number {place} of {OFFERS}");
    system.pump().await;
    assert_eq!(tenant.message(&urgent).await["status"], "READ");
    system.assert_clean().await;
}

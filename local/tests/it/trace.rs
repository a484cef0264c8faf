//! A request can be followed to everything that it led to (W3C trace context).

use cloud::Queue;
use domain::{Act, ClaimId, PhoneNumberId, TenantId};
use jiff::SignedDuration;
use one_machine::Policy;
use ops::delivery::claim::ClaimDue;
use serde_json::json;
use store::delivery::claims::{ClaimRequest, ClaimedMessage};

use crate::test_system::{Tenant, TestSystem};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Sends through the API as part of that trace, `minutes` ahead.
async fn send(system: &TestSystem, tenant: &Tenant, phone: &str, minutes: i64) {
    let at = system.clock.now() + SignedDuration::from_mins(minutes);
    let body = json!({
        "templateId": tenant.template, "contactId": tenant.contact(phone).await, "scheduleTime": at.to_string(),
        "idempotencyKey": phone,
    });
    let answer = system
        .http
        .post(format!("{}/messages/schedule", system.url))
        .bearer_auth(system.token(tenant).await)
        .header("traceparent", format!("00-{TRACE}-b7ad6b7169203331-01"))
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

fn is_of_the_trace(traceparent: Option<&str>) -> bool {
    traceparent.is_some_and(|traceparent| traceparent.starts_with(&format!("00-{TRACE}-")))
}

/// The messages that a dispatcher would claim.
async fn claimed(system: &TestSystem, tenant: &Tenant) -> Vec<ClaimedMessage> {
    let platform = &system.machine.platform;
    let id: TenantId = tenant.id.parse().unwrap();
    // The sandbox gives a tenant the account that it has, every time.
    let connect = json!({ "code": tenant.id });
    let connected = tenant.client.post("/whatsapp/connect", &connect).await.unwrap().success().unwrap();
    let number = PhoneNumberId(connected["phoneNumbers"][0]["id"].as_str().unwrap().to_owned());
    let (now, claim_id) = (platform.clock.now(), ClaimId::at(platform.clock.now()));
    let request =
        ClaimRequest { number, claim_id, limit: 10, lease_until: now + platform.timings.lease, before: None };
    platform.store.perform(&Act::of_system(id, now), &ClaimDue { request }).await.unwrap().funded
}

#[tokio::test]
async fn a_request_is_followed_through_its_rows_its_queue_message_and_its_schedule_to_the_send() {
    let system = TestSystem::start().await;
    let tenant = system.tenant("acme", "1.00").await;
    send(&system, &tenant, "+15550000001", 0).await;
    send(&system, &tenant, "+15551230001", 90).await;

    let policy = Policy { visibility: SignedDuration::from_secs(30), receives_max: 5, batch_max: 10 };
    let received = system.machine.queues.receive(Queue::WakeUps, policy).await.unwrap();
    assert_eq!(received.len(), 1);
    assert!(is_of_the_trace(received[0].traceparent.as_deref()), "{received:?}");
    assert_eq!(received[0].group.as_deref(), Some(tenant.id.as_str()), "fair between tenants");

    let claimed = claimed(&system, &tenant).await;
    assert_eq!(claimed.len(), 1);
    assert!(is_of_the_trace(claimed[0].traceparent.as_deref()), "{claimed:?}");

    system.clock.advance(SignedDuration::from_mins(91));
    let due = system.machine.queues.due_timers().await.unwrap();
    let trace = due[0].traceparent.map(String::from);
    assert!(due.len() == 1 && is_of_the_trace(trace.as_deref()), "{due:?}");
}

//! A request can be followed to everything that it led to (W3C trace context).

use cloud::Queue;
use domain::{Act, ClaimId, PhoneNumberId, TenantId};
use jiff::SignedDuration;
use one_machine::Policy;
use ops::delivery::dispatch::ClaimDue;
use serde_json::json;
use store::delivery::claims::{ClaimRequest, ClaimedMessage};

use crate::world::{Tenant, World};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// Sends through the API as a part of that trace, so many minutes ahead.
async fn send(world: &World, tenant: &Tenant, phone: &str, minutes: i64) {
    let at = world.clock.now() + SignedDuration::from_mins(minutes);
    let body = json!({
        "templateId": tenant.template, "contactId": tenant.contact(phone).await, "scheduleTime": at.to_string(),
        "idempotencyKey": phone,
    });
    let answer = world
        .http
        .post(format!("{}/messages/schedule", world.url))
        .bearer_auth(world.token(tenant).await)
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

/// What a dispatcher would be given to send.
async fn claimed(world: &World, tenant: &Tenant) -> Vec<ClaimedMessage> {
    let platform = &world.machine.platform;
    let id: TenantId = tenant.id.parse().unwrap();
    // The sandbox gives a tenant the account that it has, again and again.
    let connect = json!({ "code": tenant.id });
    let connected = tenant.client.post("/whatsapp/connect", &connect).await.unwrap().success().unwrap();
    let number = PhoneNumberId(connected["phoneNumbers"][0]["id"].as_str().unwrap().to_owned());
    let (now, claim_id) = (platform.clock.now(), ClaimId::at(platform.clock.now()));
    let request = ClaimRequest { number, claim_id, limit: 10, lease_until: now + platform.timings.lease };
    platform.store.perform(&Act::of_system(id, now), &ClaimDue { request }).await.unwrap().funded
}

#[tokio::test]
async fn a_request_is_followed_through_its_rows_its_queue_message_and_its_schedule_to_the_send() {
    let world = World::start().await;
    let tenant = world.tenant("acme", "1.00").await;
    send(&world, &tenant, "+15550000001", 0).await;
    send(&world, &tenant, "+15551230001", 90).await;

    let policy = Policy { visibility: SignedDuration::from_secs(30), receives_max: 5, batch_max: 10 };
    let received = world.machine.queues.receive(Queue::WakeUps, policy).await.unwrap();
    assert_eq!(received.len(), 1);
    assert!(is_of_the_trace(received[0].traceparent.as_deref()), "{received:?}");
    assert_eq!(received[0].group.as_deref(), Some(tenant.id.as_str()), "fair between tenants");

    let claimed = claimed(&world, &tenant).await;
    assert_eq!(claimed.len(), 1);
    assert!(is_of_the_trace(claimed[0].traceparent.as_deref()), "{claimed:?}");

    world.clock.advance(SignedDuration::from_mins(91));
    let due = world.machine.queues.due_timers().await.unwrap();
    let trace = due[0].traceparent.map(String::from);
    assert!(due.len() == 1 && is_of_the_trace(trace.as_deref()), "{due:?}");
}

//! Domain events.

use cloud::Queue;
use domain::events::DomainEvent;
use domain::{TenantId, UserId};
use jiff::Timestamp;

use crate::place::{places, take_all};

/// Events of both kinds, by turns.
fn event(number: usize) -> DomainEvent {
    let (tenant_id, user_id) = (TenantId::at(Timestamp::UNIX_EPOCH), UserId::at(Timestamp::UNIX_EPOCH));
    let email = format!("{number}@example.com");
    if number.is_multiple_of(2) {
        return DomainEvent::UserInvited { tenant_id, user_id, email, email_id: None };
    }
    let tenant_name = "Caf\u{e9} \u{ffff} \"\u{1f600}\"".to_owned();
    DomainEvent::TenantProvisioned { tenant_id, user_id, email, tenant_name, email_id: None }
}

#[tokio::test]
async fn every_event_about_a_person_reaches_the_mail_queue_unchanged() {
    for place in places().await {
        let mut events: Vec<DomainEvent> = (0..25).map(event).collect();
        place.cloud().events.publish(&events).await.unwrap();
        place.cloud().events.publish(&[]).await.unwrap();
        let seen = take_all(&*place, Queue::Mail, events.len()).await;
        let read = |body: &str| serde_json::from_str::<DomainEvent>(body).unwrap();
        let mut received: Vec<DomainEvent> = seen.iter().map(|seen| read(&seen.body)).collect();
        received.sort_by_key(|event| serde_json::to_string(event).unwrap());
        events.sort_by_key(|event| serde_json::to_string(event).unwrap());
        assert_eq!(received, events, "{}", place.name());
    }
}

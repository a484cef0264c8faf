//! Domain events.

use cloud::Queue;
use domain::events::DomainEvent;
use domain::{TenantId, UserId};
use jiff::Timestamp;

use crate::place::{places, take_all};

#[tokio::test]
async fn every_event_that_is_about_a_person_reaches_the_mail_queue_as_it_is() {
    for place in places().await {
        let event = |number: usize| DomainEvent::TenantProvisioned {
            tenant_id: TenantId::at(Timestamp::UNIX_EPOCH),
            user_id: UserId::at(Timestamp::UNIX_EPOCH),
            email: format!("{number}@example.com"),
            tenant_name: "Caf\u{e9} \u{ffff} \"\u{1f600}\"".to_owned(),
        };
        let mut events: Vec<DomainEvent> = (0..25).map(event).collect();
        place.cloud().events.publish(&events).await.unwrap();
        place.cloud().events.publish(&[]).await.unwrap();
        let seen = take_all(&*place, Queue::Mail, events.len()).await;
        let read = |body: &str| serde_json::from_str::<DomainEvent>(body).unwrap();
        let mut heard: Vec<DomainEvent> = seen.iter().map(|seen| read(&seen.body)).collect();
        heard.sort_by_key(|event| serde_json::to_string(event).unwrap());
        events.sort_by_key(|event| serde_json::to_string(event).unwrap());
        assert_eq!(heard, events, "{}", place.name());
    }
}

//! What becomes of a message that was received: it is postponed or parked.

use std::time::Duration;

use cloud::{Group, Message, Queue, ReceivedMessage};
use tokio::time::Instant;

use crate::place::{Place, places, take_all};

async fn send_and_hold(place: &dyn Place, body: &str) -> String {
    let message = Message::new(Group::named("a-tenant"), body.to_owned());
    place.cloud().queues.send(Queue::Updates, vec![message], Duration::ZERO).await.unwrap();
    let mut held = place.hold(Queue::Updates).await;
    assert_eq!(held.len(), 1, "{}", place.name());
    let (receipt, received) = held.remove(0);
    assert_eq!(received, body);
    receipt
}

#[tokio::test]
async fn a_message_that_is_postponed_is_received_after_the_delay_and_not_before() {
    for place in places().await {
        let receipt = send_and_hold(&*place, "1").await;
        let (begun, delay) = (Instant::now(), Duration::from_millis(1_500));
        place.cloud().queues.postpone(Queue::Updates, &receipt, delay).await.unwrap();
        assert_eq!(place.take(Queue::Updates).await, [], "{}", place.name());
        take_all(&*place, Queue::Updates, 1).await;
        assert!(begun.elapsed() >= delay, "{}: after {:?}", place.name(), begun.elapsed());
    }
}

#[tokio::test]
async fn a_message_that_is_parked_is_a_dead_letter_with_its_reason_once_it_is_deleted() {
    for place in places().await {
        let receipt = send_and_hold(&*place, "2").await;
        let message = Message::new(Group::named("a-tenant"), "2".to_owned());
        let received = ReceivedMessage { receipt: receipt.clone(), message };
        place.cloud().queues.park(Queue::Updates, received, "can never succeed").await.unwrap();
        place.delete(Queue::Updates, &receipt).await;
        assert!(place.has_dead_letter(Queue::Updates, "2", "can never succeed").await, "{}", place.name());
        assert_eq!(place.take(Queue::Updates).await, [], "{}", place.name());
    }
}

#[tokio::test]
async fn a_receipt_that_is_no_longer_valid_is_an_error() {
    for place in places().await {
        let receipt = send_and_hold(&*place, "3").await;
        place.delete(Queue::Updates, &receipt).await;
        let postponed = place.cloud().queues.postpone(Queue::Updates, &receipt, Duration::ZERO).await;
        assert!(postponed.is_err(), "{}", place.name());
    }
}

#[tokio::test]
async fn a_reason_of_any_text_is_taken() {
    for place in places().await {
        for reason in ["", "a\u{1}b\u{ffff}", &"x".repeat(5_000)] {
            let receipt = send_and_hold(&*place, "4").await;
            let message = Message::new(Group::named("a-tenant"), "4".to_owned());
            let received = ReceivedMessage { receipt: receipt.clone(), message };
            place.cloud().queues.park(Queue::Updates, received, reason).await.unwrap();
            place.delete(Queue::Updates, &receipt).await;
        }
    }
}

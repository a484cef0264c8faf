//! What was given up is seen with its reason and given back once.

use cloud::{Queue, Queues};

use crate::place::Place;

const QUEUE: Queue = Queue::Updates;

/// Sends a message that fails until it is given up.
async fn give_up(place: &Place, why: &str) {
    place.send(QUEUE, "a-group", &["\"personal\""]).await;
    for _ in 0..2 {
        let received = place.receive(QUEUE, 1).await;
        place.machine.note_failure(QUEUE, &received[0].receipt.to_string(), why).await.unwrap();
        place.acknowledge(QUEUE, &received, false).await;
    }
    assert_eq!(place.receive(QUEUE, 1).await, []);
}

#[tokio::test]
async fn a_dead_letter_is_listed_with_its_queue_its_tries_and_its_last_error() {
    let place = Place::new().await;
    give_up(&place, "the mail server could not be reached").await;
    let (listed, all) = place.machine.dead_letters(10).await.unwrap();
    assert_eq!((listed.len(), all), (1, 1));
    assert_eq!((listed[0].queue.as_str(), listed[0].receive_count), ("updates", 2));
    assert_eq!(listed[0].reason.as_deref(), Some("the mail server could not be reached"));
    let shown = place.machine.dead_letter(listed[0].message_id).await.unwrap().unwrap();
    assert_eq!((shown.body.as_str(), shown.group.as_deref()), ("\"personal\"", Some("a-group")));
}

#[tokio::test]
async fn a_dead_letter_is_given_back_once_with_all_its_receives() {
    let place = Place::new().await;
    give_up(&place, "why").await;
    let id = place.machine.dead_letters(1).await.unwrap().0[0].message_id;
    let (one, other) = tokio::join!(place.machine.redrive(id), place.machine.redrive(id));
    assert_ne!(one.unwrap(), other.unwrap(), "of two redrives at once one gives it back");
    assert!(!place.machine.redrive(id).await.unwrap());
    assert_eq!(place.machine.depths().await.unwrap(), (1, 0));
    let received = place.receive(QUEUE, 10).await;
    assert_eq!((received.len(), received[0].receive_count, received[0].message_id), (1, 1, id));
    place.acknowledge(QUEUE, &received, true).await;
    assert_eq!(place.machine.depths().await.unwrap(), (0, 0));
}

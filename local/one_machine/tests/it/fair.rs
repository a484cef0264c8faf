//! The groups of a queue are received in rotation.

use std::collections::BTreeMap;

use cloud::Queue;

use crate::place::Place;

const QUEUE: Queue = Queue::Updates;

fn counts(groups: &[String]) -> BTreeMap<&str, usize> {
    groups.iter().fold(BTreeMap::new(), |mut counts, group| {
        *counts.entry(group.as_str()).or_default() += 1;
        counts
    })
}

#[tokio::test]
async fn a_message_behind_thirty_thousand_of_another_group_is_received_next() {
    let place = Place::new().await;
    place.send_many(QUEUE, "large", 30_000).await;
    assert_eq!(place.take(QUEUE, 10).await, ["large"; 10]);
    place.send(QUEUE, "small", &["1"]).await;
    let (first, second) = (place.take(QUEUE, 1).await, place.take(QUEUE, 1).await);
    assert!([first, second].concat().contains(&"small".to_owned()));
}

#[tokio::test]
async fn groups_that_have_many_messages_are_received_in_rotation() {
    let place = Place::new().await;
    for group in ["a", "b", "c"] {
        place.send_many(QUEUE, group, 100).await;
    }
    for _ in 0..5 {
        assert_eq!(counts(&place.take(QUEUE, 30).await), [("a", 10), ("b", 10), ("c", 10)].into());
    }
}

#[tokio::test]
async fn a_group_with_many_messages_is_received_although_others_never_stop_sending() {
    let place = Place::new().await;
    place.send_many(QUEUE, "large", 100).await;
    let others: Vec<String> = (0..9).map(|n| format!("other-{n}")).collect();
    let mut taken = Vec::new();
    for _ in 0..20 {
        for group in &others {
            place.send(QUEUE, group, &["1"]).await;
        }
        taken.extend(place.take(QUEUE, 10).await);
    }
    let large = counts(&taken)["large"];
    assert!((15..=25).contains(&large), "{large} of 20 rounds");
}

#[tokio::test]
async fn messages_that_failed_take_turns_with_those_of_other_groups() {
    let place = Place::new().await;
    place.send_many(QUEUE, "large", 50).await;
    let received = place.receive(QUEUE, 50).await;
    place.send_many(QUEUE, "small", 20).await;
    place.acknowledge(QUEUE, &received, false).await;
    assert_eq!(counts(&place.take(QUEUE, 70).await), [("large", 50), ("small", 20)].into());
}

#[tokio::test]
async fn every_message_is_received_once_by_receivers_that_work_at_the_same_time() {
    let place = Place::new().await;
    for group in ["a", "b", "c"] {
        place.send_many(QUEUE, group, 200).await;
    }
    let receive_all = async || {
        let (mut all, mut received) = (Vec::new(), place.receive(QUEUE, 7).await);
        while !received.is_empty() {
            place.acknowledge(QUEUE, &received, true).await;
            all.extend(received.into_iter().map(|message| message.message_id));
            received = place.receive(QUEUE, 7).await;
        }
        all
    };
    let (one, two, three) = tokio::join!(receive_all(), receive_all(), receive_all());
    let mut all = [one, two, three].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!((all.len(), place.waiting().await), (600, 0));
}

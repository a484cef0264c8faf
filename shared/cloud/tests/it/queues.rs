//! Queues.

use std::time::Duration;

use cloud::trace::{TraceContext, within};
use cloud::{BODY_BYTES_MAX, Group, Message, Queue, RefundJob, WakeUp};
use domain::TenantId;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::place::{places, take_all};

const NOW: Duration = Duration::ZERO;

fn messages(bodies: impl IntoIterator<Item = String>) -> Vec<Message> {
    bodies.into_iter().map(|body| Message::new(Group::named("a-group"), body)).collect()
}

#[tokio::test]
async fn what_is_sent_is_received_and_gone_when_it_is_deleted() {
    for place in places().await {
        let bodies = [json!({"a": 1}), json!("b"), json!("b")].map(|body| body.to_string());
        place.cloud().queues.send(Queue::Updates, messages(bodies.clone()), NOW).await.unwrap();
        let mut seen = take_all(&*place, Queue::Updates, 3).await;
        seen.sort_by(|one, other| one.body.cmp(&other.body));
        assert_eq!(
            seen.iter().map(|seen| &seen.body).collect::<Vec<_>>(),
            [&bodies[1], &bodies[2], &bodies[0]]
        );
        for queue in Queue::ALL {
            assert_eq!(place.take(queue).await, [], "{}: {queue:?}", place.name());
        }
        place.cloud().queues.send(Queue::Updates, Vec::new(), NOW).await.unwrap();
        assert_eq!(place.take(Queue::Updates).await, []);
    }
}

#[tokio::test]
async fn what_is_sent_with_a_delay_is_received_after_it() {
    for place in places().await {
        let (begun, delay) = (Instant::now(), Duration::from_millis(1_500));
        place.cloud().queues.send(Queue::WakeUps, messages(["1".to_owned()]), delay).await.unwrap();
        assert_eq!(place.take(Queue::WakeUps).await, [], "{}", place.name());
        take_all(&*place, Queue::WakeUps, 1).await;
        assert!(begun.elapsed() >= delay, "{}: after {:?}", place.name(), begun.elapsed());
    }
}

#[tokio::test]
async fn the_group_and_the_trace_arrive_with_each_message() {
    for place in places().await {
        let (tenant, span, cloud) =
            (TenantId::at(Timestamp::UNIX_EPOCH), TraceContext::begin(), place.cloud());
        let job = RefundJob { tenant, message_ids: Vec::new() };
        within(span, cloud.send(&job, NOW)).await.unwrap();
        cloud.send(&WakeUp { tenant }, NOW).await.unwrap();
        for (queue, traceparent) in [(Queue::Refunds, Some(span.to_string())), (Queue::WakeUps, None)] {
            let seen = take_all(&*place, queue, 1).await.remove(0);
            assert_eq!(seen.group, Some(tenant.to_string()), "{}", place.name());
            assert_eq!(seen.traceparent, traceparent, "{}", place.name());
        }
    }
}

#[tokio::test]
async fn more_than_a_call_takes_all_arrives() {
    for place in places().await {
        let small = (0..95).map(|number| number.to_string());
        let large = (0..8).map(|number| format!("\"{number}{}\"", "x".repeat(400_000)));
        let largest = format!("\"{}\"", "y".repeat(BODY_BYTES_MAX - 2));
        let mut sent: Vec<String> = small.chain(large).chain([largest]).collect();
        let group = Group::named(&"g".repeat(128));
        let all = async {
            let message = |body: &String| Message::new(group.clone(), body.clone());
            place.cloud().queues.send(Queue::Updates, sent.iter().map(message).collect(), NOW).await
        };
        within(TraceContext::begin(), all).await.unwrap();
        let seen = take_all(&*place, Queue::Updates, sent.len()).await;
        let mut bodies: Vec<String> = seen.into_iter().map(|seen| seen.body).collect();
        bodies.sort_unstable();
        sent.sort_unstable();
        assert!(bodies == sent, "{}", place.name());
    }
}

#[tokio::test]
async fn a_body_that_no_queue_takes_is_refused_and_keeps_no_other_from_being_sent() {
    for place in places().await {
        let bodies = ["1".to_owned(), "x".repeat(BODY_BYTES_MAX + 1), "2".to_owned()];
        let refused = place.cloud().queues.send(Queue::Updates, messages(bodies), NOW).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("1 of 3 bodies"), "{}: {refused}", place.name());
        take_all(&*place, Queue::Updates, 2).await;
    }
}

#[tokio::test]
async fn any_text_that_json_can_hold_and_any_name_arrives() {
    for place in places().await {
        let text = "\u{1}\u{7f}\u{80}\u{fffd}\u{fffe}\u{ffff}\u{10ffff}\\\"\n\r\t\u{2028}\u{1f600}\u{feff}";
        let body = json!({ text: text, "\\\u{ffff}": 1 });
        let message = Message::new(Group::named("a\u{e9} b\n"), body.to_string());
        place.cloud().queues.send(Queue::Updates, vec![message], NOW).await.unwrap();
        let seen = take_all(&*place, Queue::Updates, 1).await.remove(0);
        assert_eq!(serde_json::from_str::<Value>(&seen.body).unwrap(), body, "{}", place.name());
        assert_eq!(seen.group.as_deref(), Some("ab"));
    }
}

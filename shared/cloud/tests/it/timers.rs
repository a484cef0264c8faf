//! Timers.

use cloud::Scheduled;
use cloud::trace::{TraceContext, within};
use domain::{Clock, TenantId, Timer, TimerKind};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use crate::aws_place::AwsPlace;
use crate::place::{Place, places, until};

/// A timer that fires in a few seconds: a test does not wait for a whole minute.
fn due_in(seconds: i64) -> Timer {
    let now = Timestamp::from_second(Clock::System.now().as_second()).unwrap();
    let at = now + SignedDuration::from_secs(seconds);
    Timer { tenant: TenantId::at(now), what: TimerKind::Dispatch, at }
}

#[tokio::test]
async fn a_timer_fires_once_when_it_is_due_with_the_trace_that_set_it() {
    for place in places().await {
        let (timer, span) = (due_in(3), TraceContext::begin());
        within(span, place.cloud().timers.set(timer)).await.unwrap();
        assert_eq!(place.fired().await, [], "{}", place.name());
        let fired = wait_for_fired(&*place, 1).await;
        assert!(Clock::System.now() >= timer.at, "{}: early", place.name());
        assert_eq!(fired, [Scheduled { timer, traceparent: Some(span) }], "{}", place.name());
    }
}

#[tokio::test]
async fn of_two_timers_of_one_name_the_first_stays() {
    for place in places().await {
        let (first, other) = (due_in(2), due_in(2));
        let spans = [TraceContext::begin(), TraceContext::begin()];
        for span in spans {
            within(span, place.cloud().timers.set(first)).await.unwrap();
        }
        place.cloud().timers.set(other).await.unwrap();
        let mut fired = wait_for_fired(&*place, 2).await;
        fired.sort_by_key(|fired| fired.timer != first);
        let expected = [
            Scheduled { timer: first, traceparent: Some(spans[0]) },
            Scheduled { timer: other, traceparent: None },
        ];
        assert_eq!(fired, expected, "{}", place.name());
    }
}

async fn wait_for_fired(place: &dyn Place, count: usize) -> Vec<Scheduled> {
    let fired = Mutex::new(Vec::new());
    until("the schedule's firing", || async {
        let mut fired = fired.lock().await;
        fired.extend(place.fired().await);
        fired.len() >= count
    })
    .await;
    assert_eq!(place.fired().await, [], "{}: fired again", place.name());
    fired.into_inner()
}

#[tokio::test]
async fn on_aws_a_schedule_is_as_it_is_described_and_gone_when_it_has_fired() {
    let Some(place) = AwsPlace::new().await else { return };
    let client = aws_sdk_scheduler::Client::new(&place.sdk);
    let timer = Timer {
        tenant: TenantId::at(Timestamp::UNIX_EPOCH),
        what: TimerKind::Dispatch,
        at: "2036-12-31T23:59:00Z".parse().unwrap(),
    };
    place.cloud().timers.set(timer).await.unwrap();
    let made = client.get_schedule().group_name("tidings").name(timer.to_string()).send().await.unwrap();
    assert_eq!(made.schedule_expression(), Some("at(2036-12-31T23:59:00)"));
    assert_eq!(made.schedule_expression_timezone(), Some("UTC"));
    assert_eq!(made.action_after_completion().unwrap().as_str(), "DELETE");
    assert_eq!(made.flexible_time_window().unwrap().mode().as_str(), "OFF");
    let target = made.target().unwrap();
    let policy = target.retry_policy().unwrap();
    assert_eq!(
        (policy.maximum_retry_attempts(), policy.maximum_event_age_in_seconds()),
        (Some(3), Some(900))
    );
    assert!(target.dead_letter_config().unwrap().arn().unwrap().ends_with(":schedule-dead"));
    assert!(target.arn().ends_with(":fired"));
    assert_eq!(target.role_arn(), "arn:aws:iam::000000000000:role/scheduler");
    assert_eq!(serde_json::from_str::<Timer>(target.input().unwrap()).unwrap(), timer);

    let soon = due_in(1);
    place.cloud().timers.set(soon).await.unwrap();
    let (client, name) = (&client, &soon.to_string());
    until("the schedule's going", || async move {
        client.get_schedule().group_name("tidings").name(name).send().await.is_err()
    })
    .await;
}

//! Sends what is due: woken by a schedule for a batch, or by the wake-up queue for a tenant.
//!
//! Both go on until nothing is due or the shift ends at `until`, and then ask for another.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::trace::{self, TraceContext};
use cloud::{Scheduled, WakeUp};
use jiff::Timestamp;
use ops::Platform;
use ops::delivery::call_stats::{CallCounts, CallStats};
use ops::delivery::dispatch::{DispatchError, dispatch};
use runtime::emf::{self, Metric, Unit};
use serde::Deserialize;

/// Who woke the deployed function: the scheduler and the queue call the same one.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Woken {
    /// A schedule.
    BySchedule(Scheduled),
    /// The wake-up queue.
    ByQueue(SqsEvent),
}

/// Whoever woke the function is answered in its own way: a schedule by success or an error, the queue record by record.
/// How Meta answered is measured, for alarms to hear, and most of all when something failed.
pub async fn on_event(
    woken: Woken,
    platform: &Platform,
    until: Timestamp,
) -> Result<SqsBatchResponse, DispatchError> {
    let stats = CallStats::default();
    let answer = match woken {
        Woken::BySchedule(scheduled) => {
            fired(scheduled, platform, until, &stats).await.map(|()| SqsBatchResponse::default())
        }
        Woken::ByQueue(event) => Ok(each_wake_up(event, platform, until, &stats).await),
    };
    let calls = stats.calls();
    if calls.made > 0 {
        emf::emit(&metrics(calls), platform.clock.now());
    }
    answer
}

/// A schedule fired. Which batch it was named after does not matter: whatever the tenant has due is sent.
pub async fn on_schedule(
    scheduled: Scheduled,
    platform: &Platform,
    until: Timestamp,
) -> Result<(), DispatchError> {
    fired(scheduled, platform, until, &CallStats::default()).await
}

/// Wake-ups from the queue.
pub async fn on_queue(event: SqsEvent, platform: &Platform, until: Timestamp) -> SqsBatchResponse {
    each_wake_up(event, platform, until, &CallStats::default()).await
}

async fn fired(
    scheduled: Scheduled,
    platform: &Platform,
    until: Timestamp,
    stats: &CallStats,
) -> Result<(), DispatchError> {
    let span = scheduled.traceparent.map_or_else(TraceContext::begin, TraceContext::child);
    trace::within(span, dispatch(platform, scheduled.batch.tenant, until, stats)).await.map(drop)
}

async fn each_wake_up(
    event: SqsEvent,
    platform: &Platform,
    until: Timestamp,
    stats: &CallStats,
) -> SqsBatchResponse {
    let is_time = || platform.clock.now() < until;
    let wake = async |wake_up: WakeUp| dispatch(platform, wake_up.tenant, until, stats).await.map(drop);
    runtime::each_record(event, is_time, wake).await
}

/// What is measured of each invocation that asked Meta to send something.
pub fn metrics(calls: CallCounts) -> [Metric; 3] {
    let count =
        |name, number| Metric { name, unit: Unit::Count, value: i64::try_from(number).unwrap_or(i64::MAX) };
    [
        count("MetaCalls", calls.made),
        count("MetaRefused", calls.refused),
        count("MetaUnanswered", calls.unanswered),
    ]
}

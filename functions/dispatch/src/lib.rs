//! Sends what is due, woken by the queue: somebody asked for a tenant, or a batch's schedule fired.
//!
//! It goes on until nothing is due or the shift ends at `until`, and then asks for another.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::trace::{self, TraceContext};
use cloud::{Due, Queue, Scheduled};
use domain::{TenantId, TimerKind};
use jiff::Timestamp;
use ops::Platform;
use ops::delivery::call_stats::{CallCounts, CallStats};
use ops::delivery::dispatch::{DispatchError, dispatch};
use ops::templates::check::check_templates;
use runtime::emf::{self, Metric, Unit};
use runtime::{Batch, RecordOutcome, Records};
use serde::Deserialize;

/// What started the deployed function: the queue, or a schedule that an earlier version made, which calls the function itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Woken {
    BySchedule(Scheduled),
    ByQueue(SqsEvent),
}

impl Batch for Woken {
    fn records(&self) -> Option<usize> {
        match self {
            Self::BySchedule(_) => None,
            Self::ByQueue(event) => event.records(),
        }
    }
}

/// A schedule is answered with success or an error, the queue record by record. How Meta answered is measured for alarms,
/// also when something failed.
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

/// A schedule fired. Which minute it was made for does not matter: everything that the tenant has due is sent.
pub async fn on_schedule(
    scheduled: Scheduled,
    platform: &Platform,
    until: Timestamp,
) -> Result<(), DispatchError> {
    fired(scheduled, platform, until, &CallStats::default()).await
}

/// Wake-ups from the queue, and schedules that fired.
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
    match scheduled.timer.what {
        TimerKind::Dispatch => {
            trace::within(span, work(platform, scheduled.timer.tenant, until, stats)).await
        }
    }
}

async fn each_wake_up(
    event: SqsEvent,
    platform: &Platform,
    until: Timestamp,
    stats: &CallStats,
) -> SqsBatchResponse {
    let is_time = || platform.clock.now() < until;
    let wake = async |due: Due| {
        // A timer's trace is in the body, in place of the message's own.
        let timers = due.traceparent.map(TraceContext::child);
        let span = timers.or_else(trace::current).unwrap_or_else(TraceContext::begin);
        let done = match due.what {
            TimerKind::Dispatch => {
                trace::within(span, Box::pin(work(platform, due.tenant, until, stats))).await
            }
        };
        done.map(|()| RecordOutcome::Done)
    };
    let records = Records { event, queue: Queue::WakeUps, queues: &*platform.cloud.queues };
    runtime::each_record(records, is_time, wake).await
}

/// Sends what is due, and asks Meta about templates that a refusal put in doubt or that the sweep woke it for.
async fn work(
    platform: &Platform,
    tenant: TenantId,
    until: Timestamp,
    stats: &CallStats,
) -> Result<(), DispatchError> {
    let dispatched = dispatch(platform, tenant, until, stats).await;
    check_templates(platform, tenant, until).await;
    dispatched.map(drop)
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

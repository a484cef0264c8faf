//! Delivers queue rows to their functions as real SQS events and acts on the response, as Lambda's pollers do on AWS:
//! batches, partial failures, visibility, receive counts, dead letters.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage, SqsMessageAttribute};
use cloud::trace::TRACEPARENT;
use cloud::{Queue, Scheduled};
use domain::{Timer, with_causes};
use jiff::{SignedDuration, Timestamp};
use one_machine::{Acknowledgement, Policy, Received};
use store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::machine::Machine;

/// How long a poller sleeps when nothing was sent in this process: the latency between processes.
const POLL_EVERY: Duration = Duration::from_millis(250);
/// How often due schedules are looked for.
const SCHEDULES_EVERY: Duration = Duration::from_millis(500);
/// Dispatches in parallel, of different tenants. One that waits for Meta's answers costs little, and must not keep others
/// waiting.
const DISPATCHES_MAX: usize = 64;
/// Queue messages in one event.
const BATCH_MAX: i64 = 10;
/// How long a record that failed waits for its next receive.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(2);

/// What a process does; on the command line by its lower-case name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProcessRole {
    Http,
    Dispatch,
    Updates,
    Refunds,
    Sweep,
    Mailer,
}

impl ProcessRole {
    pub const ALL: [Self; 6] =
        [Self::Http, Self::Dispatch, Self::Updates, Self::Refunds, Self::Sweep, Self::Mailer];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Dispatch => "dispatch",
            Self::Updates => "updates",
            Self::Refunds => "refunds",
            Self::Sweep => "sweep",
            Self::Mailer => "mailer",
        }
    }
}

impl fmt::Display for ProcessRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProcessRole {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("must be one of {}", known()))
    }
}

/// How queues treat their messages on this machine, and how often the sweeper runs.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long a received message is hidden.
    pub visibility: SignedDuration,
    /// Receives before a message is a dead letter.
    pub receives_max: i32,
    pub sweep_every: Duration,
}

impl Rules {
    fn policy(&self, batch_max: i64) -> Policy {
        Policy { visibility: self.visibility, receives_max: self.receives_max, batch_max }
    }
}

/// Receives one event from a queue and delivers it. Returns how many messages it had.
pub async fn receive_once(machine: &Machine, rules: Rules, queue: Queue) -> Result<usize, StoreError> {
    let batch_max = if queue == Queue::WakeUps { 1 } else { BATCH_MAX };
    let received = machine.queues.receive(queue, rules.policy(batch_max)).await?;
    let count = received.len();
    if count > 0 {
        Box::pin(deliver(machine, queue, received)).await?;
    }
    Ok(count)
}

/// Invokes the queue's function with one event and acknowledges what it did.
pub async fn deliver(machine: &Machine, queue: Queue, received: Vec<Received>) -> Result<(), StoreError> {
    let (event, until) = (event(&received), deadline(machine));
    let response = match queue {
        Queue::WakeUps => dispatch::on_queue(event, &machine.platform, until).await,
        Queue::Updates => updates::on_queue(event, &machine.platform, &machine.webhook.app, until).await,
        Queue::Refunds => refunds::on_queue(event, &machine.platform, until).await,
        Queue::Mail => mailer::on_queue(event, &machine.mailer, until).await,
    };
    let retry_at = machine.platform.clock.now() + RETRY_AFTER;
    machine.queues.acknowledge(acknowledgement(queue, &received, &response, retry_at)).await
}

/// Until when a function may run, as on Lambda.
fn deadline(machine: &Machine) -> Timestamp {
    machine.platform.clock.now() + machine.platform.timings.shift
}

fn event(received: &[Received]) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = received.iter().map(record).collect();
    event
}

/// A row as SQS passes a message to a function.
fn record(message: &Received) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.message_id.to_string());
    record.receipt_handle = Some(message.receipt.to_string());
    record.body = Some(message.body.clone());
    let received = ("ApproximateReceiveCount", message.receive_count.to_string());
    let sent = ("SentTimestamp", message.sent_at.as_millisecond().to_string());
    let group = message.group.clone().map(|group| ("MessageGroupId", group));
    let attributes = [received, sent].into_iter().chain(group);
    record.attributes = attributes.map(|(name, value)| (name.to_owned(), value)).collect();
    if let Some(traceparent) = &message.traceparent {
        let mut attribute = SqsMessageAttribute::default();
        attribute.data_type = Some("String".to_owned());
        attribute.string_value = Some(traceparent.clone());
        record.message_attributes.insert(TRACEPARENT.to_owned(), attribute);
    }
    record
}

fn acknowledgement(
    queue: Queue,
    received: &[Received],
    response: &SqsBatchResponse,
    retry_at: Timestamp,
) -> Acknowledgement {
    let failed: HashSet<&str> =
        response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    let is_failed = |message: &&Received| failed.contains(message.message_id.to_string().as_str());
    let (failed, done): (Vec<&Received>, Vec<&Received>) = received.iter().partition(is_failed);
    let receipts = |messages: Vec<&Received>| messages.into_iter().map(|message| message.receipt).collect();
    Acknowledgement { queue, done: receipts(done), failed: receipts(failed), retry_at }
}

/// Runs a role until `stop`.
pub async fn run(machine: Machine, role: ProcessRole, rules: Rules, stop: watch::Receiver<bool>) {
    match role {
        ProcessRole::Http => {}
        ProcessRole::Dispatch => {
            tokio::join!(dispatches(machine.clone(), rules, stop.clone()), schedules(machine, stop));
        }
        ProcessRole::Updates => poll(machine, rules, Queue::Updates, stop).await,
        ProcessRole::Refunds => poll(machine, rules, Queue::Refunds, stop).await,
        ProcessRole::Mailer => poll(machine, rules, Queue::Mail, stop).await,
        ProcessRole::Sweep => sweeps(machine, rules, stop).await,
    }
}

/// Waits until something is sent, the time is up, or `stop`; `false` at `stop`.
async fn wait_for_work(machine: &Machine, at_most: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = machine.queues.sent() => {}
        () = tokio::time::sleep(at_most) => {}
        _ = stop.wait_for(|stop| *stop) => return false,
    }
    !*stop.borrow()
}

/// Waits for that time or `stop`; `false` at `stop`.
async fn pause(wait: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => true,
        _ = stop.wait_for(|stop| *stop) => false,
    }
}

async fn poll(machine: Machine, rules: Rules, queue: Queue, mut stop: watch::Receiver<bool>) {
    loop {
        let found = receive_once(&machine, rules, queue).await.unwrap_or_else(|error| {
            tracing::error!(error = with_causes(&error), queue = queue.name(), "a queue could not be read");
            0
        });
        if *stop.borrow() || (found == 0 && !wait_for_work(&machine, POLL_EVERY, &mut stop).await) {
            return;
        }
    }
}

/// Each wake-up is a task, because one tenant's campaign must not delay another's one-time password.
async fn dispatches(machine: Machine, rules: Rules, mut stop: watch::Receiver<bool>) {
    let (permits, mut running) = (Arc::new(Semaphore::new(DISPATCHES_MAX)), JoinSet::new());
    loop {
        while running.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let received =
            machine.queues.receive(Queue::WakeUps, rules.policy(1)).await.unwrap_or_else(|error| {
                tracing::error!(error = with_causes(&error), "the wake-up queue could not be read");
                Vec::new()
            });
        let is_empty = received.is_empty();
        if !is_empty {
            running.spawn(wake(machine.clone(), received, permit));
        }
        if *stop.borrow() || (is_empty && !wait_for_work(&machine, POLL_EVERY, &mut stop).await) {
            break;
        }
    }
    running.join_all().await;
}

async fn wake(machine: Machine, received: Vec<Received>, permit: OwnedSemaphorePermit) {
    if let Err(error) = deliver(&machine, Queue::WakeUps, received).await {
        tracing::error!(error = with_causes(&error), "a wake-up could not be acknowledged");
    }
    drop(permit);
}

/// Fires schedules as EventBridge Scheduler does.
async fn schedules(machine: Machine, mut stop: watch::Receiver<bool>) {
    let (mut running, mut fired) = (HashSet::<Timer>::new(), JoinSet::<Timer>::new());
    loop {
        while let Some(done) = fired.try_join_next() {
            if let Ok(timer) = done {
                running.remove(&timer);
            }
        }
        let due = machine.queues.due_timers().await.unwrap_or_else(|error| {
            tracing::error!(error = with_causes(&error), "schedules could not be read");
            Vec::new()
        });
        for due in due {
            if running.insert(due.timer) {
                fired.spawn(fire(machine.clone(), due));
            }
        }
        if !pause(SCHEDULES_EVERY, &mut stop).await {
            break;
        }
    }
    fired.join_all().await;
}

/// Dispatches what a timer is for. At least once: the timer is deleted only afterwards.
async fn fire(machine: Machine, due: Scheduled) -> Timer {
    let timer = due.timer;
    if let Err(error) = dispatch::on_schedule(due, &machine.platform, deadline(&machine)).await {
        tracing::error!(error = with_causes(&error), %timer, "a scheduled dispatch failed; the sweeper will send its messages");
    }
    if let Err(error) = machine.queues.fired(vec![timer]).await {
        tracing::error!(error = with_causes(&error), %timer, "a schedule that fired could not be deleted");
    }
    timer
}

async fn sweeps(machine: Machine, rules: Rules, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = sweep::on_schedule(&machine.platform, deadline(&machine)).await {
            tracing::error!(error = with_causes(&error), "a sweep failed");
        }
        if !pause(rules.sweep_every, &mut stop).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use cloud::trace::TraceContext;
    use one_machine::Receipt;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_record_has_its_group_and_trace_where_sqs_puts_them() {
        let traceparent = TraceContext::begin().to_string();
        let mut message = Received {
            message_id: Uuid::from_u128(1),
            receipt: Receipt { message: Uuid::from_u128(1), receive: Uuid::from_u128(2) },
            body: "{}".to_owned(),
            group: Some("a-group".to_owned()),
            traceparent: Some(traceparent.clone()),
            receive_count: 3,
            sent_at: Timestamp::UNIX_EPOCH,
        };
        let written = serde_json::to_value(event(std::slice::from_ref(&message))).unwrap();
        let record = &written["Records"][0];
        assert_eq!(record["attributes"]["MessageGroupId"], "a-group");
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "3");
        assert_eq!(record["messageAttributes"]["traceparent"]["stringValue"], traceparent);
        assert_eq!(record["messageAttributes"]["traceparent"]["dataType"], "String");

        // Messages of earlier versions have neither.
        (message.group, message.traceparent) = (None, None);
        let record = &event(&[message]).records[0];
        assert!(!record.attributes.contains_key("MessageGroupId") && record.message_attributes.is_empty());
    }
}

//! Carries queue rows to their functions as real SQS events, and honours what those answer.
//!
//! The part that SQS' pollers play on AWS: a batch, its partial failures, visibility, receive counts, dead letters.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage, SqsMessageAttribute};
use cloud::one_machine::{Policy, Received, Settle};
use cloud::trace::TRACEPARENT;
use cloud::{Queue, Scheduled};
use domain::{Batch, with_causes};
use jiff::{SignedDuration, Timestamp};
use store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::machine::Machine;

/// How long a poller sleeps when nothing rang: the latency between processes.
const NAP: Duration = Duration::from_millis(250);
/// How often schedules are looked at.
const CLOCK_TICK: Duration = Duration::from_millis(500);
/// Dispatches at once, of different tenants.
const DISPATCHES_MAX: usize = 16;
/// Queue messages in one event.
const BATCH_MAX: i64 = 10;
/// How long a record that failed waits for its next receive.
const AGAIN: SignedDuration = SignedDuration::from_secs(2);

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Serves the API.
    Http,
    /// Sends what is due.
    Dispatch,
    /// Applies Meta's updates.
    Updates,
    /// Pays refunds.
    Refunds,
    /// Repairs what was lost.
    Sweep,
    /// Writes e-mails.
    Mailer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Http, Self::Dispatch, Self::Updates, Self::Refunds, Self::Sweep, Self::Mailer];

    /// As on the command line.
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

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::as_str).join(", ");
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("must be one of {}", known()))
    }
}

/// How queues treat their messages on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long a received message is hidden.
    pub visibility: SignedDuration,
    /// Receives before a message is a dead letter.
    pub receives_max: i32,
    /// How often the sweeper looks.
    pub sweep_every: Duration,
}

impl Rules {
    fn policy(&self, batch_max: i64) -> Policy {
        Policy { visibility: self.visibility, receives_max: self.receives_max, batch_max }
    }
}

/// Receives one event from a queue, has its function work on it, and settles it. Tells how many messages it held.
pub async fn receive_once(machine: &Machine, rules: Rules, queue: Queue) -> Result<usize, StoreError> {
    let batch_max = if queue == Queue::WakeUps { 1 } else { BATCH_MAX };
    let received = machine.queues.receive(queue, rules.policy(batch_max)).await?;
    let count = received.len();
    if count > 0 {
        work(machine, queue, received).await?;
    }
    Ok(count)
}

async fn work(machine: &Machine, queue: Queue, received: Vec<Received>) -> Result<(), StoreError> {
    let (event, until) = (event(&received), end_of_shift(machine));
    let response = match queue {
        Queue::WakeUps => dispatch::on_queue(event, &machine.platform, until).await,
        Queue::Updates => updates::on_queue(event, &machine.platform, until).await,
        Queue::Refunds => refunds::on_queue(event, &machine.platform, until).await,
        Queue::Mail => mailer::on_queue(event, &machine.mailer, until).await,
    };
    machine.queues.settle(settle(queue, &received, &response, machine.platform.clock.now() + AGAIN)).await
}

/// A function is given as long as a shift: on Lambda it has a deadline.
fn end_of_shift(machine: &Machine) -> Timestamp {
    machine.platform.clock.now() + machine.platform.waits.shift
}

pub(crate) fn event(received: &[Received]) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = received.iter().map(record).collect();
    event
}

/// A row as SQS hands a message to a function.
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

fn settle(queue: Queue, received: &[Received], response: &SqsBatchResponse, again_at: Timestamp) -> Settle {
    let failed: HashSet<&str> =
        response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect();
    let is_failed = |message: &&Received| failed.contains(message.message_id.to_string().as_str());
    let (failed, done): (Vec<&Received>, Vec<&Received>) = received.iter().partition(is_failed);
    let receipts = |messages: Vec<&Received>| messages.into_iter().map(|message| message.receipt).collect();
    Settle { queue, done: receipts(done), failed: receipts(failed), again_at }
}

/// Runs a role until told to stop.
pub async fn run(machine: Machine, role: Role, rules: Rules, stop: watch::Receiver<bool>) {
    match role {
        Role::Http => {}
        Role::Dispatch => {
            tokio::join!(dispatches(machine.clone(), rules, stop.clone()), schedules(machine, stop));
        }
        Role::Updates => poll(machine, rules, Queue::Updates, stop).await,
        Role::Refunds => poll(machine, rules, Queue::Refunds, stop).await,
        Role::Mailer => poll(machine, rules, Queue::Mail, stop).await,
        Role::Sweep => sweeps(machine, rules, stop).await,
    }
}

/// Waits for the bell, a nap, or the end; `false` at the end.
async fn goes_on(machine: &Machine, nap: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = machine.queues.rung() => {}
        () = tokio::time::sleep(nap) => {}
        _ = stop.wait_for(|stop| *stop) => return false,
    }
    !*stop.borrow()
}

/// Waits for a while or the end; `false` at the end.
async fn rests(wait: Duration, stop: &mut watch::Receiver<bool>) -> bool {
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
        if *stop.borrow() || (found == 0 && !goes_on(&machine, NAP, &mut stop).await) {
            return;
        }
    }
}

/// Wake-ups, each as a task of its own, because one tenant's campaign must not hold up another's one-time password.
async fn dispatches(machine: Machine, rules: Rules, mut stop: watch::Receiver<bool>) {
    let (turns, mut running) = (Arc::new(Semaphore::new(DISPATCHES_MAX)), JoinSet::new());
    loop {
        while running.try_join_next().is_some() {}
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let received =
            machine.queues.receive(Queue::WakeUps, rules.policy(1)).await.unwrap_or_else(|error| {
                tracing::error!(error = with_causes(&error), "the wake-up queue could not be read");
                Vec::new()
            });
        let is_empty = received.is_empty();
        if !is_empty {
            running.spawn(wake(machine.clone(), received, turn));
        }
        if *stop.borrow() || (is_empty && !goes_on(&machine, NAP, &mut stop).await) {
            break;
        }
    }
    running.join_all().await;
}

/// One wake-up, in its turn.
async fn wake(machine: Machine, received: Vec<Received>, turn: OwnedSemaphorePermit) {
    if let Err(error) = work(&machine, Queue::WakeUps, received).await {
        tracing::error!(error = with_causes(&error), "a wake-up could not be settled");
    }
    drop(turn);
}

/// Schedules whose time has come, as EventBridge Scheduler would fire them.
async fn schedules(machine: Machine, mut stop: watch::Receiver<bool>) {
    let (mut running, mut fired) = (HashSet::<Batch>::new(), JoinSet::<Batch>::new());
    loop {
        while let Some(done) = fired.try_join_next() {
            if let Ok(batch) = done {
                running.remove(&batch);
            }
        }
        let due = machine.queues.due_wake_ups().await.unwrap_or_else(|error| {
            tracing::error!(error = with_causes(&error), "schedules could not be read");
            Vec::new()
        });
        for due in due {
            if running.insert(due.batch) {
                fired.spawn(fire(machine.clone(), due));
            }
        }
        if !rests(CLOCK_TICK, &mut stop).await {
            break;
        }
    }
    fired.join_all().await;
}

/// At least once: a schedule is forgotten only after its dispatch.
async fn fire(machine: Machine, due: Scheduled) -> Batch {
    let batch = due.batch;
    if let Err(error) = dispatch::on_schedule(due, &machine.platform, end_of_shift(&machine)).await {
        tracing::error!(error = with_causes(&error), %batch, "a scheduled dispatch failed; the sweeper will find what it left");
    }
    if let Err(error) = machine.queues.fired(vec![batch]).await {
        tracing::error!(error = with_causes(&error), %batch, "a schedule that fired could not be forgotten");
    }
    batch
}

async fn sweeps(machine: Machine, rules: Rules, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = sweep::on_schedule(&machine.platform, end_of_shift(&machine)).await {
            tracing::error!(error = with_causes(&error), "a sweep failed");
        }
        if !rests(rules.sweep_every, &mut stop).await {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use cloud::trace::TraceContext;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_record_says_whose_it_is_and_what_it_follows_from_where_sqs_says_it() {
        let traceparent = TraceContext::begin().to_string();
        let mut message = Received {
            message_id: Uuid::from_u128(1),
            receipt: Uuid::from_u128(2),
            body: "{}".to_owned(),
            group: Some("somebody".to_owned()),
            traceparent: Some(traceparent.clone()),
            receive_count: 3,
            sent_at: Timestamp::UNIX_EPOCH,
        };
        let written = serde_json::to_value(event(std::slice::from_ref(&message))).unwrap();
        let record = &written["Records"][0];
        assert_eq!(record["attributes"]["MessageGroupId"], "somebody");
        assert_eq!(record["attributes"]["ApproximateReceiveCount"], "3");
        assert_eq!(record["messageAttributes"]["traceparent"]["stringValue"], traceparent);
        assert_eq!(record["messageAttributes"]["traceparent"]["dataType"], "String");

        // As an earlier version sent it.
        (message.group, message.traceparent) = (None, None);
        let record = &event(&[message]).records[0];
        assert!(!record.attributes.contains_key("MessageGroupId") && record.message_attributes.is_empty());
    }
}

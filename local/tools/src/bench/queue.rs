//! How fast a queue is emptied when few and when many messages wait, and how soon another tenant's message is received.

use std::time::{Duration, Instant};

use cloud::{Group, Message, Queue, Queues};
use domain::{Clock, with_causes};
use jiff::SignedDuration;
use one_machine::{Acknowledgement, OneMachine, Policy};
use serde::Serialize;

use super::claim::{median, per_second};
use tidings::database::{self, Database};
use tidings::error::LocalError;
use tidings::home::Home;
use tidings::say::say;
use tidings::settings::Settings;
use tidings::table::table;

const SMALL: &str = "bench_queue_small";
const LARGE: &str = "bench_queue_large";
/// The queue that Meta's updates come by, ten in one receive.
const QUEUE: Queue = Queue::Updates;
const POLICY: Policy = Policy { visibility: SignedDuration::from_mins(10), receives_max: 5, batch_max: 10 };
/// Messages in one send while a queue is filled.
const FILL_MAX: usize = 5_000;
/// About the size of a status.
const BODY_BYTES: usize = 400;

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Plan {
    pub small: usize,
    pub large: usize,
    pub drained: usize,
    pub rounds: usize,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    plan: Plan,
    /// Messages a second, at the small and at the large backlog.
    small_per_second: f64,
    large_per_second: f64,
    /// The median of the rounds' ratios.
    of_small: f64,
    /// How long the message of another group, sent behind the large backlog, waits for its receive.
    other_group_seconds: f64,
}

/// On a durable Postgres of this machine, in two new databases.
pub(super) async fn run(settings: Settings, plan: Plan, as_json: bool) -> Result<(), LocalError> {
    let home = Home::open(&settings.home)?;
    let small = database::scratch(&settings, &home, SMALL).await?;
    let large = database::scratch(&settings, &home, LARGE).await?;
    let queues = |database: &Database| OneMachine::new(database.store.clone(), Clock::System);
    let measured = measure(&queues(&small), &queues(&large), plan).await;
    database::remove(small, SMALL).await?;
    database::remove(large, LARGE).await?;
    show(&measured?, as_json)
}

/// In alternating rounds, so that what else the machine does slows both down; before each the queue is filled up again.
async fn measure(small: &OneMachine, large: &OneMachine, plan: Plan) -> Result<Measured, LocalError> {
    let (mut of_small, mut of_large, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let bar = crate::progress::bar("Measuring", plan.rounds);
    // The first round warms up caches and does not count.
    for round in 0..=plan.rounds {
        let small = rate(small, plan, plan.small).await?;
        let large = rate(large, plan, plan.large).await?;
        if round > 0 {
            of_small.push(small);
            of_large.push(large);
            ratios.push(large / small);
            bar.inc(1);
        }
    }
    bar.finish();
    send(large, "other", 1).await?;
    let begun = Instant::now();
    while !drain(large, 1).await?.contains(&"other".to_owned()) {}
    Ok(Measured {
        plan,
        small_per_second: median(of_small),
        large_per_second: median(of_large),
        of_small: median(ratios),
        other_group_seconds: begun.elapsed().as_secs_f64(),
    })
}

/// Fills the queue up to the backlog and empties a part of it: messages a second.
async fn rate(queues: &OneMachine, plan: Plan, backlog: usize) -> Result<f64, LocalError> {
    let (waiting, _) = queues.depths().await?;
    send(queues, "large", backlog.saturating_sub(usize::try_from(waiting).unwrap_or(0))).await?;
    let begun = Instant::now();
    let drained = drain(queues, plan.drained).await?.len();
    Ok(per_second(i64::try_from(drained).unwrap_or(0), begun.elapsed()))
}

async fn send(queues: &OneMachine, group: &str, count: usize) -> Result<(), LocalError> {
    let message = || Message::new(Group::named(group), format!("\"{}\"", "x".repeat(BODY_BYTES)));
    let mut left = count;
    while left > 0 {
        let part = left.min(FILL_MAX);
        let messages = (0..part).map(|_| message()).collect();
        let sent = queues.send(QUEUE, messages, Duration::ZERO).await;
        sent.map_err(|error| LocalError::Call(with_causes(&error)))?;
        left -= part;
    }
    Ok(())
}

/// Receives and deletes at least so many messages: the groups of them.
async fn drain(queues: &OneMachine, count: usize) -> Result<Vec<String>, LocalError> {
    let mut groups = Vec::new();
    while groups.len() < count {
        let received = queues.receive(QUEUE, POLICY).await?;
        if received.is_empty() {
            return Err(LocalError::Call("the queue is empty before the end of a measurement".to_owned()));
        }
        let done = received.iter().map(|message| message.receipt).collect();
        let outcome =
            Acknowledgement { queue: QUEUE, done, failed: Vec::new(), retry_at: Clock::System.now() };
        queues.acknowledge(outcome).await?;
        groups.extend(received.into_iter().filter_map(|message| message.group));
    }
    Ok(groups)
}

fn show(measured: &Measured, as_json: bool) -> Result<(), LocalError> {
    if as_json {
        let text = serde_json::to_string(measured).map_err(|error| LocalError::Call(error.to_string()))?;
        say(text);
        return Ok(());
    }
    let Plan { small, large, drained, rounds } = measured.plan;
    let mut shown = table(&["waiting", "messages/s", "of the small backlog"]);
    let rate = |rate: f64| format!("{rate:.0}");
    shown.add_row([small.to_string(), rate(measured.small_per_second), String::new()]);
    let ratio = format!("{:.0} %", measured.of_small * 100.0);
    shown.add_row([large.to_string(), rate(measured.large_per_second), ratio]);
    say(format!(
        "{shown}\nanother group's message behind {large} is received after {:.0} ms\n\
         {drained} messages received and deleted by one receiver, ten at a time, median of {rounds} rounds, durable Postgres",
        measured.other_group_seconds * 1_000.0
    ));
    Ok(())
}

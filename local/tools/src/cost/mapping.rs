//! Queues and schedules carried to their functions as Lambda's event source mappings and EventBridge Scheduler do it, so
//! far as their documentation says how.
//!
//! A receive takes ten messages at most. A mapping with a batching window goes on receiving until its batch is full or the
//! window is over, and then invokes its function once; what was dealt with is deleted by tens. How many pollers look how
//! often inside a window is not documented: here one does, five times, and the model shows beside it what it costs when
//! every status comes alone.

use std::time::{Duration, Instant};

use cloud::{Queue, Scheduled};
use domain::{Batch, with_causes};
use jiff::SignedDuration;
use one_machine::{Policy, Received};
use store::StoreError;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::meter::{Meter, whole};
use super::prices::SQS_BATCH_MAX;
use tidings::machine::Machine;
use tidings::poll::{deliver, fire};

/// How long an empty queue is left alone: a long poll comes back as soon as there is something.
const NAP: Duration = Duration::from_millis(50);
/// How long a received message is hidden: longer than any dispatch of a run.
const VISIBILITY: SignedDuration = SignedDuration::from_hours(3);
/// Dispatches from the queue at once.
const DISPATCHES_MAX: usize = 4;
/// Looks inside one window.
const LOOKS: u32 = 5;

/// How a queue is mapped to its function: as in the template.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    queue: Queue,
    batch: usize,
    window: Duration,
}

const MAPPINGS: [Mapping; 3] = [
    Mapping { queue: Queue::WakeUps, batch: 1, window: Duration::ZERO },
    Mapping { queue: Queue::Updates, batch: 100, window: Duration::from_secs(1) },
    Mapping { queue: Queue::Refunds, batch: 10, window: Duration::ZERO },
];

/// Everything that is woken.
#[derive(Clone, Debug)]
pub(super) struct Carrier {
    pub machine: Machine,
    pub meter: Meter,
}

impl Carrier {
    /// Carries until told to stop.
    pub(super) async fn run(self, stop: watch::Receiver<bool>) {
        let mut loops = JoinSet::new();
        for mapping in MAPPINGS {
            let pollers = if mapping.queue == Queue::WakeUps { DISPATCHES_MAX } else { 1 };
            for _ in 0..pollers {
                loops.spawn(self.clone().poll(mapping, stop.clone()));
            }
        }
        loops.spawn(self.schedules(stop));
        loops.join_all().await;
    }

    async fn poll(self, mapping: Mapping, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let worked = self.once(mapping).await.unwrap_or_else(|error| {
                tracing::error!(
                    error = with_causes(&error),
                    queue = mapping.queue.name(),
                    "a queue could not be read"
                );
                false
            });
            if !worked && !rests(NAP, &mut stop).await {
                return;
            }
        }
    }

    /// One batch: gathered, worked on, deleted.
    async fn once(&self, mapping: Mapping) -> Result<bool, StoreError> {
        let batch = self.gather(mapping).await?;
        if batch.is_empty() {
            return Ok(false);
        }
        let start = Instant::now();
        let size = whole(batch.len());
        deliver(&self.machine, mapping.queue, batch).await?;
        if mapping.queue == Queue::WakeUps {
            self.meter.note(|counts| counts.dispatches.add(start.elapsed()));
        }
        self.meter.note_queue(mapping.queue, |of| {
            of.invocations.add(start.elapsed());
            of.deletes += size.div_ceil(SQS_BATCH_MAX);
        });
        Ok(true)
    }

    async fn gather(&self, mapping: Mapping) -> Result<Vec<Received>, StoreError> {
        let Mapping { queue, batch, window } = mapping;
        let mut gathered = self.receive(queue, batch).await?;
        if gathered.is_empty() || window.is_zero() {
            return Ok(gathered);
        }
        let until = Instant::now() + window;
        while gathered.len() < batch && Instant::now() < until {
            tokio::time::sleep(window / LOOKS).await;
            let mut is_backlog = true;
            while is_backlog && gathered.len() < batch {
                let more = self.receive(queue, batch - gathered.len()).await?;
                is_backlog = whole(more.len()) == SQS_BATCH_MAX;
                gathered.extend(more);
            }
        }
        Ok(gathered)
    }

    async fn receive(&self, queue: Queue, room: usize) -> Result<Vec<Received>, StoreError> {
        let batch_max = i64::try_from(SQS_BATCH_MAX.min(whole(room))).unwrap_or(1);
        let policy = Policy { visibility: VISIBILITY, receives_max: 5, batch_max };
        let received = self.machine.queues.receive(queue, policy).await?;
        if !received.is_empty() {
            self.meter.note_queue(queue, |of| of.receives += 1);
        }
        Ok(received)
    }

    /// Schedules whose time has come.
    async fn schedules(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let due = self.machine.queues.due_wake_ups().await.unwrap_or_else(|error| {
                tracing::error!(error = with_causes(&error), "schedules could not be read");
                Vec::new()
            });
            let mut fired = JoinSet::new();
            for due in due {
                fired.spawn(self.clone().fire(due));
            }
            fired.join_all().await;
            if !rests(NAP, &mut stop).await {
                return;
            }
        }
    }

    async fn fire(self, due: Scheduled) -> Batch {
        let start = Instant::now();
        let batch = fire(self.machine, due).await;
        self.meter.note(|counts| counts.dispatches.add(start.elapsed()));
        batch
    }
}

/// Waits for a while or the end; `false` at the end.
async fn rests(wait: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => true,
        _ = stop.wait_for(|stop| *stop) => false,
    }
}

//! Delivers queues and schedules as Lambda's event source mappings and EventBridge Scheduler do, as far as documented.
//!
//! A receive takes ten messages at most. A mapping with a batching window receives until its batch is full or the window
//! is over, and then invokes its function once; what was done is deleted by tens. How many pollers look how often inside
//! a window is not documented: here one does, five times, and the bill also shows what statuses cost that come alone.

use std::time::{Duration, Instant};

use cloud::{Message, Queue, Scheduled};
use domain::with_causes;
use jiff::SignedDuration;
use one_machine::{Policy, Received};
use store::StoreError;
use tidings::error::LocalError;
use tidings::machine::Machine;
use tidings::poll::deliver;
use tokio::task::JoinSet;

use super::meter::{Meter, whole};
use super::prices::SQS_BATCH_MAX;

/// A long poll returns as soon as there is something.
const POLL_EVERY: Duration = Duration::from_millis(50);
/// Longer than any dispatch of a run.
const VISIBILITY: SignedDuration = SignedDuration::from_hours(3);
const LOOKS_IN_A_WINDOW: u32 = 5;

/// Queue, batch, batching window and pollers, as in `stacks/workers.yaml`.
const MAPPINGS: [(Queue, usize, Duration, usize); 4] = [
    (Queue::WakeUps, 1, Duration::ZERO, 4),
    (Queue::Updates, 100, Duration::from_secs(1), 1),
    (Queue::Refunds, 10, Duration::ZERO, 1),
    (Queue::Mail, 5, Duration::ZERO, 1),
];

#[derive(Clone)]
pub(super) struct Pollers {
    pub machine: Machine,
    pub meter: Meter,
}

impl Pollers {
    /// Delivers until the set is dropped.
    pub fn start(&self) -> JoinSet<()> {
        let mut loops = JoinSet::new();
        for (queue, batch, window, pollers) in MAPPINGS {
            for _ in 0..pollers {
                loops.spawn(self.clone().poll(queue, batch, window));
            }
        }
        loops.spawn(self.clone().schedules());
        loops
    }

    async fn poll(self, queue: Queue, batch: usize, window: Duration) {
        loop {
            let delivered = self.deliver_batch(queue, batch, window).await.unwrap_or_else(|error| {
                tracing::error!(error = with_causes(&error), queue = queue.name(), "a delivery failed");
                false
            });
            if !delivered {
                tokio::time::sleep(POLL_EVERY).await;
            }
        }
    }

    async fn deliver_batch(&self, queue: Queue, batch: usize, window: Duration) -> Result<bool, StoreError> {
        let mut messages = self.receive(queue, batch).await?;
        if messages.is_empty() {
            return Ok(false);
        }
        let until = Instant::now() + window;
        while messages.len() < batch && Instant::now() < until {
            tokio::time::sleep(window / LOOKS_IN_A_WINDOW).await;
            let mut is_backlog = true;
            while is_backlog && messages.len() < batch {
                let more = self.receive(queue, batch - messages.len()).await?;
                is_backlog = whole(more.len()) == SQS_BATCH_MAX;
                messages.extend(more);
            }
        }
        let (start, deletes) = (Instant::now(), whole(messages.len()).div_ceil(SQS_BATCH_MAX));
        Box::pin(deliver(&self.machine, queue, messages)).await?;
        match queue {
            Queue::WakeUps => self.meter.add_call("dispatches", start),
            Queue::Updates => self.meter.add_call("updates: invocations", start),
            Queue::Refunds => self.meter.add_call("refunds: invocations", start),
            Queue::Mail => {}
        }
        self.meter.add_requests(queue, "deletes", deletes);
        Ok(true)
    }

    async fn receive(&self, queue: Queue, at_most: usize) -> Result<Vec<Received>, StoreError> {
        let batch_max = i64::try_from(SQS_BATCH_MAX.min(whole(at_most))).unwrap_or(1);
        let policy = Policy { visibility: VISIBILITY, receives_max: 5, batch_max };
        let received = self.machine.queues.receive(queue, policy).await?;
        if !received.is_empty() {
            self.meter.add_requests(queue, "receives", 1);
        }
        Ok(received)
    }

    async fn schedules(self) {
        loop {
            let due = self.machine.queues.due_timers().await.unwrap_or_else(|error| {
                tracing::error!(error = with_causes(&error), "schedules could not be read");
                Vec::new()
            });
            for due in due {
                self.fire(due).await;
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    async fn fire(&self, due: Scheduled) {
        if let Err(error) = self.put(due).await {
            tracing::error!(error = with_causes(&error), "a schedule did not fire");
        }
    }

    /// A schedule puts a message on the wake-up queue.
    async fn put(&self, due: Scheduled) -> Result<(), LocalError> {
        let body = serde_json::to_string(&due).map_err(|error| LocalError::Call(with_causes(&error)))?;
        let message = Message { body, group: due.timer.tenant.into(), traceparent: None };
        let queues = &self.machine.platform.cloud.queues;
        let sent = queues.send(Queue::WakeUps, vec![message], Duration::ZERO).await;
        sent.map_err(|error| LocalError::Call(with_causes(&error)))?;
        Ok(self.machine.queues.fired(vec![due.timer]).await?)
    }
}

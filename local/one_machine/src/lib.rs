//! Queues, wake-ups and events on Postgres tables: durable, nothing to install, good for a small installation.
//!
//! A send wakes the receivers of the same process at once. A receiver in another process polls.
//! `shared/cloud/tests` runs the claims of the traits against these tables and against AWS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::{
    Cloud, CloudError, DELAY_MAX, Events, Message, Queue, Queues, Scheduled, WakeUps, without_oversized,
};
use domain::events::DomainEvent;
use domain::{Batch, Clock, SystemAct};
use jiff::Timestamp;
use store::queue::NewMessage;
pub use store::queue::{Policy, Received};
use store::{Store, StoreError, SystemOperation, SystemTx, queue};
use tokio::sync::Notify;
use uuid::Uuid;

/// The tables, and the signal to receivers in this process. Clones share both.
#[derive(Clone, Debug)]
pub struct OneMachine {
    store: Store,
    clock: Clock,
    sent: Arc<Notify>,
}

impl OneMachine {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, sent: Arc::new(Notify::new()) }
    }

    fn act(&self) -> SystemAct {
        SystemAct::at(self.clock.now())
    }

    pub fn cloud(&self) -> Cloud {
        Cloud {
            queues: Arc::new(self.clone()),
            wake_ups: Arc::new(self.clone()),
            events: Arc::new(self.clone()),
        }
    }

    /// Returns when something was sent from this process.
    pub async fn sent(&self) {
        self.sent.notified().await;
    }

    /// Receives at most a batch; the messages are hidden from other receivers until they are acknowledged or their
    /// visibility ends.
    pub async fn receive(&self, queue: Queue, policy: Policy) -> Result<Vec<Received>, StoreError> {
        self.store.perform_system(&self.act(), &Receive { queue, policy }).await
    }

    /// Deletes the messages that were done and makes the failed ones receivable at `retry_at`.
    pub async fn acknowledge(&self, acknowledgement: Acknowledgement) -> Result<(), StoreError> {
        self.store.perform_system(&self.act(), &acknowledgement).await
    }

    /// Schedules whose time has come. They stay until [`OneMachine::fired`].
    pub async fn due_wake_ups(&self) -> Result<Vec<Scheduled>, StoreError> {
        self.store.perform_system(&self.act(), &DueWakeUps).await
    }

    /// Deletes schedules that were delivered.
    pub async fn fired(&self, batches: Vec<Batch>) -> Result<(), StoreError> {
        self.store.perform_system(&self.act(), &Fired { batches }).await
    }

    /// The numbers of messages on all queues and of dead letters.
    pub async fn depths(&self) -> Result<(i64, i64), StoreError> {
        self.store.perform_system(&self.act(), &Depths).await
    }
}

#[async_trait]
impl Queues for OneMachine {
    async fn send(
        &self,
        queue: Queue,
        mut messages: Vec<Message>,
        delay: Duration,
    ) -> Result<(), CloudError> {
        let outcome = without_oversized(&mut messages);
        let now = self.clock.now();
        let messages = messages.into_iter().map(row).collect();
        let send = Send { queue, messages, visible_at: now + delay.min(DELAY_MAX) };
        self.store.perform_system(&self.act(), &send).await.map_err(|error| CloudError::of(&error))?;
        // `notify_one` is for a receiver that is about to wait. One permit is enough: every receiver reads all there is.
        self.sent.notify_waiters();
        self.sent.notify_one();
        outcome
    }
}

fn row(message: Message) -> NewMessage {
    let group = message.group.as_str().to_owned();
    NewMessage { body: message.body, group, traceparent: message.traceparent.map(String::from) }
}

#[async_trait]
impl WakeUps for OneMachine {
    async fn schedule(&self, batch: Batch) -> Result<(), CloudError> {
        let schedule = Schedule(Scheduled::now(batch));
        self.store.perform_system(&self.act(), &schedule).await.map_err(|error| CloudError::of(&error))
    }
}

/// The bus has one rule here: every event that is about a person goes to the mail queue.
#[async_trait]
impl Events for OneMachine {
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError> {
        let message = |event: &DomainEvent| {
            let body = serde_json::to_string(event).map_err(|error| CloudError::of(&error))?;
            Ok(Message::new(event.tenant().into(), body))
        };
        let messages = events.iter().map(message).collect::<Result<Vec<_>, CloudError>>()?;
        self.send(Queue::Mail, messages, Duration::ZERO).await
    }
}

struct Send {
    queue: Queue,
    messages: Vec<NewMessage>,
    visible_at: Timestamp,
}

impl SystemOperation for Send {
    const NAME: &'static str = "send";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        queue::send(tx, self.queue.name(), &self.messages, self.visible_at, tx.now()).await
    }
}

struct Receive {
    queue: Queue,
    policy: Policy,
}

impl SystemOperation for Receive {
    const NAME: &'static str = "receive";
    type Done = Vec<Received>;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<Vec<Received>, StoreError> {
        queue::receive(tx, self.queue.name(), self.policy, tx.now()).await
    }
}

/// The outcome of one receive, by receipts.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    pub queue: Queue,
    pub done: Vec<Uuid>,
    pub failed: Vec<Uuid>,
    /// When the failed messages can be received again.
    pub retry_at: Timestamp,
}

impl SystemOperation for Acknowledgement {
    const NAME: &'static str = "acknowledge";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        queue::delete(tx, self.queue.name(), &self.done).await?;
        queue::hand_back(tx, self.queue.name(), &self.failed, self.retry_at).await.map(drop)
    }
}

struct Schedule(Scheduled);

impl SystemOperation for Schedule {
    const NAME: &'static str = "schedule";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let traceparent = self.0.traceparent.map(String::from);
        queue::schedule(tx, &self.0.batch, traceparent.as_deref()).await.map(drop)
    }
}

struct DueWakeUps;

impl SystemOperation for DueWakeUps {
    const NAME: &'static str = "due_wake_ups";
    type Done = Vec<Scheduled>;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<Vec<Scheduled>, StoreError> {
        let due = queue::due_wake_ups(tx, tx.now()).await?.into_iter();
        let scheduled = |(batch, traceparent): (Batch, Option<String>)| Scheduled {
            batch,
            traceparent: traceparent.and_then(|text| text.parse().ok()),
        };
        Ok(due.map(scheduled).collect())
    }
}

struct Fired {
    batches: Vec<Batch>,
}

impl SystemOperation for Fired {
    const NAME: &'static str = "fired";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        queue::fired(tx, &self.batches).await.map(drop)
    }
}

struct Depths;

impl SystemOperation for Depths {
    const NAME: &'static str = "depths";
    type Done = (i64, i64);
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(i64, i64), StoreError> {
        Ok((queue::depth(tx).await?, queue::dead(tx).await?))
    }
}

//! Queues, timers and events on Postgres tables: durable, nothing to install, good for a small installation.
//!
//! A send wakes the receivers of the same process at once. A receiver in another process polls.
//! `shared/cloud/tests` runs the claims of the traits against these tables and against AWS.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloud::{
    Cloud, CloudError, DELAY_MAX, Events, Message, POSTPONE_MAX, Queue, Queues, ReceivedMessage, Scheduled,
    Timers, without_oversized,
};
use domain::events::DomainEvent;
use domain::{Clock, SystemAct, Timer};
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
            timers: Arc::new(self.clone()),
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

    /// Timers whose time has come. They stay until [`OneMachine::fired`].
    pub async fn due_timers(&self) -> Result<Vec<Scheduled>, StoreError> {
        self.store.perform_system(&self.act(), &DueTimers).await
    }

    /// Deletes timers that were delivered.
    pub async fn fired(&self, timers: Vec<Timer>) -> Result<(), StoreError> {
        self.store.perform_system(&self.act(), &Fired { timers }).await
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

    async fn postpone(&self, queue: Queue, receipt: &str, delay: Duration) -> Result<(), CloudError> {
        let visible_at = self.clock.now() + delay.min(POSTPONE_MAX);
        let postpone = Postpone { queue, receipt: receipt_of(receipt)?, visible_at };
        let is_valid = self.store.perform_system(&self.act(), &postpone).await;
        valid(is_valid.map_err(|error| CloudError::of(&error))?)
    }

    async fn park(&self, queue: Queue, received: ReceivedMessage, reason: &str) -> Result<(), CloudError> {
        let park = Park { queue, receipt: receipt_of(&received.receipt)?, reason: reason.to_owned() };
        let is_valid = self.store.perform_system(&self.act(), &park).await;
        valid(is_valid.map_err(|error| CloudError::of(&error))?)
    }
}

fn receipt_of(text: &str) -> Result<Uuid, CloudError> {
    text.parse().map_err(|_not_a_uuid| CloudError::new("the receipt is not one of this queue"))
}

fn valid(is_valid: bool) -> Result<(), CloudError> {
    if is_valid { Ok(()) } else { Err(CloudError::new("the receipt is no longer valid")) }
}

fn row(message: Message) -> NewMessage {
    let group = message.group.as_str().to_owned();
    NewMessage { body: message.body, group, traceparent: message.traceparent.map(String::from) }
}

#[async_trait]
impl Timers for OneMachine {
    async fn set(&self, timer: Timer) -> Result<(), CloudError> {
        let set = SetTimer(Scheduled::now(timer));
        self.store.perform_system(&self.act(), &set).await.map_err(|error| CloudError::of(&error))
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

struct Postpone {
    queue: Queue,
    receipt: Uuid,
    visible_at: Timestamp,
}

impl SystemOperation for Postpone {
    const NAME: &'static str = "postpone";
    type Done = bool;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        queue::postpone(tx, self.queue.name(), self.receipt, self.visible_at).await
    }
}

struct Park {
    queue: Queue,
    receipt: Uuid,
    reason: String,
}

impl SystemOperation for Park {
    const NAME: &'static str = "park";
    type Done = bool;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        queue::park(tx, self.queue.name(), self.receipt, &self.reason, tx.now()).await
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

struct SetTimer(Scheduled);

impl SystemOperation for SetTimer {
    const NAME: &'static str = "set_timer";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let traceparent = self.0.traceparent.map(String::from);
        queue::set_timer(tx, &self.0.timer, traceparent.as_deref()).await.map(drop)
    }
}

struct DueTimers;

impl SystemOperation for DueTimers {
    const NAME: &'static str = "due_timers";
    type Done = Vec<Scheduled>;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<Vec<Scheduled>, StoreError> {
        let due = queue::due_timers(tx, tx.now()).await?.into_iter();
        let scheduled = |(timer, traceparent): (Timer, Option<String>)| Scheduled {
            timer,
            traceparent: traceparent.and_then(|text| text.parse().ok()),
        };
        Ok(due.map(scheduled).collect())
    }
}

struct Fired {
    timers: Vec<Timer>,
}

impl SystemOperation for Fired {
    const NAME: &'static str = "fired";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        queue::fired(tx, &self.timers).await.map(drop)
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

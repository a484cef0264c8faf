//! Queues, timers and events on Postgres tables: durable, nothing to install, good for a small installation.
//!
//! A send wakes the receivers of the same process at once. A receiver in another process polls.
//! `shared/cloud/tests` runs the claims of the traits against these tables and against AWS.

mod operations;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloud::{
    Cloud, CloudError, DELAY_MAX, Events, MAIL_RECEIVES_MAX, Message, POSTPONE_MAX, Queue, Queues,
    ReceivedMessage, Scheduled, Timers, without_oversized,
};
use domain::events::DomainEvent;
use domain::{Clock, SystemAct, Timer};
use jiff::{SignedDuration, Timestamp};
pub use store::queue::{DeadLetter, Listed, Policy, Receipt, Received};
use store::queue::{NewMessage, Start, Taken};
use store::{Store, StoreError};
use tokio::sync::Notify;
use uuid::Uuid;

pub use crate::operations::Acknowledgement;
use crate::operations::{
    Dead, DeadLetters, Depths, DueTimers, Fired, Note, Park, Postpone, Receive, Redrive, Send, SetTimer,
};

/// How often a busy queue is looked at everywhere, and not only from the turn that it has come to.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(250);

/// The tables, and the signal to receivers in this process. Clones share both.
#[derive(Clone, Debug)]
pub struct OneMachine {
    store: Store,
    clock: Clock,
    sent: Arc<Notify>,
    /// Where the receives of each queue have come to, in the order of [`Queue::ALL`].
    progress: Arc<[Mutex<Progress>; Queue::ALL.len()]>,
}

/// Where the receives of a queue have come to.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    turn: Option<i64>,
    looked_everywhere_at: Option<Timestamp>,
}

impl Progress {
    fn start(self, now: Timestamp) -> Start {
        let is_recent = |at: Timestamp| at <= now && now.duration_since(at) < LOOK_EVERY;
        match self.turn {
            Some(turn) if self.looked_everywhere_at.is_some_and(is_recent) => Start::Turn(turn),
            Some(_) | None => Start::Everywhere,
        }
    }

    fn advance(&mut self, taken: &Taken, now: Timestamp) {
        self.turn = taken.turn;
        if taken.looked_everywhere {
            self.looked_everywhere_at = Some(now);
        }
    }
}

impl OneMachine {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, sent: Arc::new(Notify::new()), progress: Arc::default() }
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
    ///
    /// An e-mail has its own number of receives, whatever the policy says: see [`Queue::retry_delay`].
    pub async fn receive(&self, queue: Queue, mut policy: Policy) -> Result<Vec<Received>, StoreError> {
        if queue == Queue::Mail {
            policy.receives_max = MAIL_RECEIVES_MAX;
        }
        let act = self.act();
        let progress = self.progress_of(queue);
        let start = progress
            .map_or(Start::Everywhere, |at| at.lock().unwrap_or_else(PoisonError::into_inner).start(act.now));
        let taken = self.store.perform_system(&act, &Receive { queue, policy, start }).await?;
        if let Some(at) = progress {
            at.lock().unwrap_or_else(PoisonError::into_inner).advance(&taken, act.now);
        }
        Ok(taken.messages)
    }

    fn progress_of(&self, queue: Queue) -> Option<&Mutex<Progress>> {
        let place = Queue::ALL.iter().position(|other| *other == queue)?;
        self.progress.get(place)
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

    /// The oldest dead letters, and how many there are in all.
    pub async fn dead_letters(&self, limit: i64) -> Result<(Vec<Listed>, i64), StoreError> {
        self.store.perform_system(&self.act(), &DeadLetters { limit }).await
    }

    /// One dead letter.
    pub async fn dead_letter(&self, message: Uuid) -> Result<Option<DeadLetter>, StoreError> {
        self.store.perform_system(&self.act(), &Dead { message }).await
    }

    /// Gives a dead letter back to its queue, once: `false` when it is not a dead letter, or not any more.
    pub async fn redrive(&self, message: Uuid) -> Result<bool, StoreError> {
        let is_given_back = self.store.perform_system(&self.act(), &Redrive { message }).await?;
        self.announce();
        Ok(is_given_back)
    }

    /// `notify_one` is for a receiver that is about to wait. One permit is enough: every receiver reads all there is.
    fn announce(&self) {
        self.sent.notify_waiters();
        self.sent.notify_one();
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
        let visible_at = now + delay.min(DELAY_MAX);
        let asks_for = |message: &Message| asks_for(queue, message, delay, visible_at);
        let messages = messages.into_iter().map(|message| row(asks_for(&message), message)).collect();
        let send = Send { queue, messages, visible_at };
        let act = SystemAct::at(now);
        self.store.perform_system(&act, &send).await.map_err(|error| CloudError::of(&error))?;
        self.announce();
        outcome
    }

    async fn postpone(&self, queue: Queue, receipt: &str, delay: Duration) -> Result<(), CloudError> {
        let visible_at = self.clock.now() + delay.min(POSTPONE_MAX);
        let postpone = Postpone { queue, receipt: receipt_of(receipt)?, visible_at };
        let is_valid = self.store.perform_system(&self.act(), &postpone).await;
        valid(is_valid.map_err(|error| CloudError::of(&error))?)
    }

    async fn note_failure(&self, queue: Queue, receipt: &str, why: &str) -> Result<(), CloudError> {
        let note = Note { queue, receipt: receipt_of(receipt)?, why: why.to_owned() };
        let is_valid = self.store.perform_system(&self.act(), &note).await;
        valid(is_valid.map_err(|error| CloudError::of(&error))?)
    }

    async fn park(&self, queue: Queue, received: ReceivedMessage, reason: &str) -> Result<(), CloudError> {
        let park = Park { queue, receipt: receipt_of(&received.receipt)?, reason: reason.to_owned() };
        let is_valid = self.store.perform_system(&self.act(), &park).await;
        valid(is_valid.map_err(|error| CloudError::of(&error))?)
    }
}

fn receipt_of(text: &str) -> Result<Receipt, CloudError> {
    text.parse().map_err(|_not_a_receipt| CloudError::new("the receipt is not one of this queue"))
}

fn valid(is_valid: bool) -> Result<(), CloudError> {
    if is_valid { Ok(()) } else { Err(CloudError::new("the receipt is no longer valid")) }
}

/// A wake-up asks for a look at all that its tenant has due, so one that was not received yet is enough: one for now, and
/// one for each second to come.
fn asks_for(queue: Queue, message: &Message, delay: Duration, visible_at: Timestamp) -> Option<String> {
    match queue {
        Queue::WakeUps if delay.is_zero() => Some(message.body.clone()),
        Queue::WakeUps => Some(format!("{} at {}", message.body, visible_at.as_second())),
        Queue::Updates | Queue::Refunds | Queue::Mail => None,
    }
}

fn row(asks_for: Option<String>, message: Message) -> NewMessage {
    let group = message.group.as_str().to_owned();
    NewMessage { body: message.body, group, traceparent: message.traceparent.map(String::from), asks_for }
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

//! Each use of the tables is one transaction.

use cloud::{Queue, Scheduled};
use domain::Timer;
use jiff::Timestamp;
use store::queue::{DeadLetter, Listed, NewMessage, Policy, Receipt, Start, Taken};
use store::{StoreError, SystemOperation, SystemTx, queue};
use uuid::Uuid;

pub(crate) struct Send {
    pub queue: Queue,
    pub messages: Vec<NewMessage>,
    pub visible_at: Timestamp,
}

impl SystemOperation for Send {
    const NAME: &'static str = "send";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        queue::send(tx, self.queue.name(), self.messages.clone(), self.visible_at, tx.now()).await
    }
}

pub(crate) struct Postpone {
    pub queue: Queue,
    pub receipt: Receipt,
    pub visible_at: Timestamp,
}

impl SystemOperation for Postpone {
    const NAME: &'static str = "postpone";
    type Done = bool;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        queue::postpone(tx, self.queue.name(), self.receipt, self.visible_at).await
    }
}

pub(crate) struct Park {
    pub queue: Queue,
    pub receipt: Receipt,
    pub reason: String,
}

impl SystemOperation for Park {
    const NAME: &'static str = "park";
    type Done = bool;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        queue::park(tx, self.queue.name(), self.receipt, &self.reason, tx.now()).await
    }
}

pub(crate) struct Receive {
    pub queue: Queue,
    pub policy: Policy,
    pub start: Start,
}

impl SystemOperation for Receive {
    const NAME: &'static str = "receive";
    type Done = Taken;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<Taken, StoreError> {
        queue::receive(tx, self.queue.name(), self.policy, self.start, tx.now()).await
    }
}

/// The outcome of one receive, by receipts.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    pub queue: Queue,
    pub done: Vec<Receipt>,
    pub failed: Vec<Receipt>,
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

pub(crate) struct SetTimer(pub Scheduled);

impl SystemOperation for SetTimer {
    const NAME: &'static str = "set_timer";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let traceparent = self.0.traceparent.map(String::from);
        queue::set_timer(tx, &self.0.timer, traceparent.as_deref()).await.map(drop)
    }
}

pub(crate) struct DueTimers;

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

pub(crate) struct Fired {
    pub timers: Vec<Timer>,
}

impl SystemOperation for Fired {
    const NAME: &'static str = "fired";
    type Done = ();
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        queue::fired(tx, &self.timers).await.map(drop)
    }
}

pub(crate) struct Depths;

impl SystemOperation for Depths {
    const NAME: &'static str = "depths";
    type Done = (i64, i64);
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(i64, i64), StoreError> {
        Ok((queue::depth(tx).await?, queue::dead(tx).await?))
    }
}

pub(crate) struct Note {
    pub queue: Queue,
    pub receipt: Receipt,
    pub why: String,
}

impl SystemOperation for Note {
    const NAME: &'static str = "note_failure";
    type Done = bool;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        queue::note_failure(tx, self.queue.name(), self.receipt, &self.why).await
    }
}

pub(crate) struct DeadLetters {
    pub limit: i64,
}

impl SystemOperation for DeadLetters {
    const NAME: &'static str = "dead_letters";
    type Done = (Vec<Listed>, i64);
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<(Vec<Listed>, i64), StoreError> {
        Ok((queue::dead_letters(tx, self.limit).await?, queue::dead(tx).await?))
    }
}

pub(crate) struct Dead {
    pub message: Uuid,
}

impl SystemOperation for Dead {
    const NAME: &'static str = "dead_letter";
    type Done = Option<DeadLetter>;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<Option<DeadLetter>, StoreError> {
        queue::dead_letter(tx, &names(), self.message).await
    }
}

pub(crate) struct Redrive {
    pub message: Uuid,
}

impl SystemOperation for Redrive {
    const NAME: &'static str = "redrive";
    type Done = bool;
    type Error = StoreError;
    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        queue::redrive(tx, &names(), self.message, tx.now()).await
    }
}

fn names() -> [&'static str; Queue::ALL.len()] {
    Queue::ALL.map(Queue::name)
}

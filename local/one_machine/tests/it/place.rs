//! Queues on the tables of one test.

use std::time::Duration;

use cloud::{Group, Message, Queue, Queues};
use domain::Clock;
use jiff::SignedDuration;
use one_machine::{Acknowledgement, OneMachine, Policy, Received};
use testkit::TestDb;

pub struct Place {
    pub machine: OneMachine,
    pub db: TestDb,
}

impl Place {
    pub async fn new() -> Self {
        let db = testkit::database().await;
        Self { machine: OneMachine::new(db.store.clone(), Clock::System), db }
    }

    pub async fn send(&self, queue: Queue, group: &str, bodies: &[&str]) {
        let message = |body: &&str| Message::new(Group::named(group), (*body).to_owned());
        self.machine.send(queue, bodies.iter().map(message).collect(), Duration::ZERO).await.unwrap();
    }

    /// Puts as many messages of one group on a queue.
    pub async fn send_many(&self, queue: Queue, group: &str, count: usize) {
        for begun in (0..count).step_by(1_000) {
            let bodies: Vec<String> = (begun..count.min(begun + 1_000)).map(|n| n.to_string()).collect();
            self.send(queue, group, &bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
    }

    pub async fn receive(&self, queue: Queue, batch_max: i64) -> Vec<Received> {
        let policy = Policy { visibility: SignedDuration::from_mins(1), receives_max: 2, batch_max };
        self.machine.receive(queue, policy).await.unwrap()
    }

    /// Receives a batch and deletes it: the groups of its messages.
    pub async fn take(&self, queue: Queue, batch_max: i64) -> Vec<String> {
        let received = self.receive(queue, batch_max).await;
        self.acknowledge(queue, &received, true).await;
        received.into_iter().map(|message| message.group.unwrap()).collect()
    }

    /// Says that messages are done, or that they failed and can be received again at once.
    pub async fn acknowledge(&self, queue: Queue, received: &[Received], is_done: bool) {
        let receipts = received.iter().map(|message| message.receipt).collect();
        let (done, failed) = if is_done { (receipts, Vec::new()) } else { (Vec::new(), receipts) };
        let outcome = Acknowledgement { queue, done, failed, retry_at: Clock::System.now() };
        self.machine.acknowledge(outcome).await.unwrap();
    }

    /// The number of messages on all queues.
    pub async fn waiting(&self) -> i64 {
        self.machine.depths().await.unwrap().0
    }
}

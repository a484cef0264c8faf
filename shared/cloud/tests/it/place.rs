//! Where a claim is tested, and how to look at what arrived there.

use std::time::Duration;

use async_trait::async_trait;
use cloud::{Cloud, Queue, Scheduled};
use domain::Clock;
use jiff::SignedDuration;
use one_machine::{Acknowledgement, OneMachine, Policy, Received};
use testkit::TestDb;
use tokio::time::{Instant, sleep};

use crate::aws_place::AwsPlace;

/// How long something that is on its way may take.
const ARRIVAL_MAX: Duration = Duration::from_secs(20);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// A message as its receiver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub body: String,
    pub group: Option<String>,
    pub traceparent: Option<String>,
}

/// One implementation of the cloud, seen from its other end.
#[async_trait]
pub trait Place: Send + Sync {
    fn name(&self) -> &'static str;
    fn cloud(&self) -> Cloud;
    /// Receives what is there now and deletes it.
    async fn take(&self, queue: Queue) -> Vec<Seen>;
    /// Receives what is there now and holds it: the receipt and the body of each message.
    async fn hold(&self, queue: Queue) -> Vec<(String, String)>;
    /// Deletes a message that was received.
    async fn delete(&self, queue: Queue, receipt: &str);
    /// Bodies and reasons of the dead letters of a queue.
    async fn has_dead_letter(&self, queue: Queue, body: &str, reason: &str) -> bool;
    /// Timers that have fired since.
    async fn fired(&self) -> Vec<Scheduled>;
}

/// Every implementation that can be had here.
pub async fn places() -> Vec<Box<dyn Place>> {
    let mut places: Vec<Box<dyn Place>> = vec![Box::new(Tables::new().await)];
    if let Some(aws) = AwsPlace::new().await {
        places.push(Box::new(aws));
    }
    places
}

/// Takes until `count` messages have come, and once more for what should not come.
pub async fn take_all(place: &dyn Place, queue: Queue, count: usize) -> Vec<Seen> {
    let (until, mut seen) = (Instant::now() + ARRIVAL_MAX, Vec::new());
    while seen.len() < count {
        assert!(Instant::now() < until, "{}: {} of {count} came", place.name(), seen.len());
        let came = place.take(queue).await;
        if came.is_empty() {
            sleep(PAUSE).await;
        }
        seen.extend(came);
    }
    seen.extend(place.take(queue).await);
    assert_eq!(seen.len(), count, "{}: more came than were sent", place.name());
    seen
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let until = Instant::now() + ARRIVAL_MAX;
    while !is_so().await {
        assert!(Instant::now() < until, "{what} did not happen");
        sleep(PAUSE).await;
    }
}

const POLICY: Policy = Policy { visibility: SignedDuration::from_mins(1), receives_max: 5, batch_max: 10 };

/// Postgres tables.
struct Tables {
    machine: OneMachine,
    database: TestDb,
}

impl Tables {
    async fn new() -> Self {
        let database = testkit::database().await;
        Self { machine: OneMachine::new(database.store.clone(), Clock::System), database }
    }
}

#[async_trait]
impl Place for Tables {
    fn name(&self) -> &'static str {
        "one machine"
    }

    fn cloud(&self) -> Cloud {
        self.machine.cloud()
    }

    async fn take(&self, queue: Queue) -> Vec<Seen> {
        let received = self.machine.receive(queue, POLICY).await.unwrap();
        let done = received.iter().map(|message| message.receipt).collect();
        let outcome = Acknowledgement { queue, done, failed: Vec::new(), retry_at: Clock::System.now() };
        self.machine.acknowledge(outcome).await.unwrap();
        let seen = |received: Received| Seen {
            body: received.body,
            group: received.group,
            traceparent: received.traceparent,
        };
        received.into_iter().map(seen).collect()
    }

    async fn hold(&self, queue: Queue) -> Vec<(String, String)> {
        let received = self.machine.receive(queue, POLICY).await.unwrap().into_iter();
        received.map(|message| (message.receipt.to_string(), message.body)).collect()
    }

    async fn delete(&self, queue: Queue, receipt: &str) {
        let done = vec![receipt.parse().unwrap()];
        let outcome = Acknowledgement { queue, done, failed: Vec::new(), retry_at: Clock::System.now() };
        self.machine.acknowledge(outcome).await.unwrap();
    }

    async fn has_dead_letter(&self, queue: Queue, body: &str, reason: &str) -> bool {
        let (waiting, dead) = self.machine.depths().await.unwrap();
        let count = format!(
            "DO $$ BEGIN IF (SELECT count(*) FROM dead_letters WHERE queue = '{}' AND body = '{body}' AND reason = '{reason}') \
             <> 1 THEN RAISE EXCEPTION 'no such dead letter'; END IF; END $$",
            queue.name()
        );
        self.database.execute(&count).await;
        (waiting, dead) == (0, 1)
    }

    async fn fired(&self) -> Vec<Scheduled> {
        let due = self.machine.due_timers().await.unwrap();
        self.machine.fired(due.iter().map(|due| due.timer).collect()).await.unwrap();
        due
    }
}

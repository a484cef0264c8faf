//! A test system with faults in its store, whose workers fail and start again until it is idle.

use std::time::Duration;

use cloud::{Group, Message, Queue};
use domain::messages::DispatchState;
use jiff::SignedDuration;
use one_machine::{Acknowledgement, Policy, Received};
use ops::Platform;
use serde_json::{Value, json};
use testkit::TestDb;
use tidings::client::Client;
use tidings::poll::receive_once;

use super::fault_injector::FaultInjector;
use crate::test_system::{PASSWORD, Tenant, TestSystem, rules};

/// Rounds of two minutes until every message except unknown ones must be final: more than all attempts and leases take.
const ROUNDS_MAX: usize = 14;
/// Polls of the queues before a test gives up.
const POLLS_MAX: usize = 3_000;
/// How often a caller tries before it gives up, and how long it waits while the database is unavailable.
const TRIES: usize = 1_000;
const AWAY: Duration = Duration::from_millis(20);

pub struct FaultTest {
    pub system: TestSystem,
    pub faults: FaultInjector,
}

/// Messages that the test received and has not acknowledged.
pub struct HeldMessages {
    queue: Queue,
    messages: Vec<Received>,
}

impl FaultTest {
    pub async fn start() -> Self {
        Self::start_on(testkit::database().await).await
    }

    pub async fn start_on(db: TestDb) -> Self {
        let faults = FaultInjector::default();
        let in_store = faults.clone();
        Self { system: TestSystem::start_on(db, move |store| in_store.put_into(store)).await, faults }
    }

    pub fn platform(&self) -> &Platform {
        &self.system.machine.platform
    }

    /// The tenant with a fresh token: a test's clock passes weeks.
    pub async fn log_in_again(&self, tenant: &Tenant) -> Tenant {
        let client = self.system.anonymous().login(&tenant.email, PASSWORD).await.unwrap();
        Tenant { client, ..tenant.clone() }
    }

    /// Lets the queues' functions work until nothing is left to do now. A function that fails is started again.
    pub async fn work(&self) {
        for _ in 0..POLLS_MAX {
            let is_silent = self.is_meta_silent().await;
            let mut worked = 0;
            for queue in Queue::ALL {
                worked += receive_once(&self.system.machine, rules(), queue).await.unwrap_or(1);
            }
            if is_silent && worked == 0 {
                return;
            }
            if worked == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        panic!("the queues did not become idle");
    }

    /// Waits until Meta has delivered all webhooks.
    pub async fn wait_for_meta(&self) {
        for _ in 0..POLLS_MAX {
            if self.is_meta_silent().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("Meta keeps sending webhooks");
    }

    async fn is_meta_silent(&self) -> bool {
        self.system.webhooks_pending().await == 0
    }

    /// Fires the schedules whose time has come, each at least once.
    pub async fn fire_schedules(&self) {
        let machine = &self.system.machine;
        for due in machine.queues.due_timers().await.unwrap_or_default() {
            // A dispatch that fails leaves its work to the sweeper, and its schedule may fire again.
            if dispatch::on_schedule(due, &machine.platform, self.system.end_of_shift()).await.is_ok() {
                machine.queues.fired(vec![due.timer]).await.ok();
            }
        }
    }

    /// Advances the clock and lets the sweeper and the queues work.
    pub async fn pass(&self, time: SignedDuration) {
        self.system.clock.advance(time);
        // After a sweep that failed, the next one does its work.
        sweep::on_schedule(self.platform(), self.system.end_of_shift()).await.ok();
        self.work().await;
    }

    /// Passes two minutes at a time until every message is final or unknown; then passes the horizon.
    pub async fn rest(&self) {
        for _ in 0..ROUNDS_MAX {
            self.pass(SignedDuration::from_mins(2)).await;
            if self.open(true).await.is_empty() && self.is_tidy().await {
                break;
            }
        }
        if !self.open(false).await.is_empty() {
            self.pass(self.platform().timings.horizon_long + SignedDuration::from_mins(1)).await;
            self.pass(SignedDuration::from_mins(2)).await;
        }
    }

    /// How many messages are in each state.
    pub async fn states(&self) -> Vec<(String, i64)> {
        self.system.books(false).await.states
    }

    /// The states that are not final, with their numbers of messages.
    async fn open(&self, may_be_unknown: bool) -> Vec<(String, i64)> {
        let is_open = |(state, _): &(String, i64)| {
            let state: DispatchState = state.parse().unwrap();
            !(state.is_final() || may_be_unknown && state == DispatchState::Unknown)
        };
        self.states().await.into_iter().filter(is_open).collect()
    }

    async fn is_tidy(&self) -> bool {
        let (waiting, _) = self.system.machine.queues.depths().await.unwrap_or((1, 0));
        waiting == 0 && self.system.books(true).await.findings.iter().all(|finding| finding.violations == 0)
    }

    /// The audit is clean, every message is final, and the queues hold nothing but `dead_letters`.
    pub async fn assert_at_rest(&self, dead_letters: i64) {
        assert_eq!(self.open(false).await, [], "messages that are not final");
        assert_eq!(self.system.machine.queues.depths().await.unwrap(), (0, dead_letters));
        self.system.assert_clean().await;
    }

    /// Receives everything on a queue, so that no function sees it.
    pub async fn hold(&self, queue: Queue) -> HeldMessages {
        let policy = Policy { visibility: rules().visibility, receives_max: 5, batch_max: 100 };
        let messages = self.system.machine.queues.receive(queue, policy).await.unwrap();
        assert!(!messages.is_empty(), "nothing on {queue:?}");
        HeldMessages { queue, messages }
    }

    /// Deletes messages as if they had been lost.
    pub async fn lose(&self, received: &HeldMessages) {
        let done = received.messages.iter().map(|message| message.receipt).collect();
        let retry_at = self.system.clock.now();
        let outcome = Acknowledgement { queue: received.queue, done, failed: Vec::new(), retry_at };
        self.system.machine.queues.acknowledge(outcome).await.unwrap();
    }

    /// Puts bodies on a queue.
    pub async fn put(&self, queue: Queue, bodies: Vec<String>) {
        let message = |body| Message::new(Group::named("any"), body);
        let messages = bodies.into_iter().map(message).collect();
        self.platform().cloud.queues.send(queue, messages, Duration::ZERO).await.unwrap();
    }

    /// The secrets of links to choose a password, in e-mails to that address.
    pub fn links_mailed_to(&self, address: &str) -> Vec<String> {
        self.system.secrets_to(address, "set-password")
    }

    /// A fault at Meta for the next message to that number.
    pub async fn fault(&self, to: &str, fault: Value) {
        let mut order = fault;
        order["match"] = json!({ "to": to });
        self.system.order("faults", &order).await;
    }

    /// How many messages to that number Meta accepted.
    pub async fn accepted(&self, to: &str) -> usize {
        self.system.acceptances().await.iter().filter(|one| one.to == to).count()
    }
}

impl HeldMessages {
    pub fn bodies(&self) -> Vec<String> {
        self.messages.iter().map(|message| message.body.clone()).collect()
    }
}

/// Makes a call until it is answered with anything but a 5xx, as an integrator would: with the same key each time.
pub async fn insist(client: &Client, path: &str, body: &Value) -> Value {
    for _ in 0..TRIES {
        let Ok(answer) = client.post(path, body).await else { continue };
        // The database is unavailable, or an interrupted transaction is not rolled back yet.
        if answer.status.as_u16() == 503 || answer.body["type"] == "urn:tidings:problem:still-running" {
            tokio::time::sleep(AWAY).await;
            continue;
        }
        // Done already, and only the answer was lost.
        if answer.status.is_success() || answer.status.as_u16() == 409 {
            return answer.body;
        }
        assert!(answer.status.is_server_error(), "{path}: {} {}", answer.status, answer.body);
    }
    panic!("{path} was never answered");
}

/// Changes until it is answered; a change that was done already is made again.
pub async fn insist_on_changing(client: &Client, path: &str, body: &Value) -> Value {
    for _ in 0..TRIES {
        let Ok(answer) = client.patch(path, body).await else { continue };
        if !answer.status.is_server_error() {
            return answer.success().unwrap();
        }
        tokio::time::sleep(AWAY).await;
    }
    panic!("{path} was never answered");
}

/// Reads until it is answered with anything but a 5xx.
pub async fn insist_on_reading(client: &Client, path: &str) -> Value {
    for _ in 0..TRIES {
        let Ok(answer) = client.get(path).await else { continue };
        if !answer.status.is_server_error() {
            return answer.success().unwrap();
        }
    }
    panic!("{path} was never answered");
}

//! The database fails during requests and work: what was answered is still there (I28), what was not can be repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cloud::Queue;
use serde_json::json;
use testkit::OwnServer;
use tidings::client::text;
use tidings::machine::Machine;
use tidings::poll::receive_once;

use super::fault_test::{FaultTest, insist};
use crate::test_system::{Tenant, rules};

const BETWEEN_OUTAGES: Duration = Duration::from_millis(40);

/// Sends messages, each until it is answered; returns the ids from the answers.
async fn ask(tenant: Tenant, contact: String, messages: usize) -> Vec<String> {
    let mut answered = Vec::new();
    for number in 0..messages {
        let body = json!({
            "templateId": tenant.template, "contactId": contact, "idempotencyKey": format!("key-{number}"),
        });
        let accepted = insist(&tenant.client, "/messages", &body).await;
        answered.push(text(&accepted, "id").unwrap().to_owned());
    }
    answered
}

/// Works on a queue until `is_over`. A worker that fails is started again.
async fn work(machine: Machine, queue: Queue, is_over: Arc<AtomicBool>) {
    while !is_over.load(Ordering::SeqCst) {
        if receive_once(&machine, rules(), queue).await.unwrap_or(0) == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// Sends and works during a number of outages, and checks that Meta accepted every message.
async fn run_through(test: &FaultTest, (messages, outages): (usize, usize), outage: impl AsyncFn() -> bool) {
    let tenant = test.system.tenant("acme", "100.00").await;
    let contact = tenant.contact("+15550000001").await;
    let asking = tokio::spawn(ask(tenant.clone(), contact, messages));
    let is_over = Arc::new(AtomicBool::new(false));
    let workers = [Queue::WakeUps, Queue::WakeUps, Queue::Updates]
        .map(|queue| tokio::spawn(work(test.system.machine.clone(), queue, Arc::clone(&is_over))));
    let mut left = outages;
    while left > 0 {
        tokio::time::sleep(BETWEEN_OUTAGES).await;
        left -= usize::from(outage().await);
    }
    let answered = asking.await.unwrap();
    is_over.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.unwrap();
    }
    test.rest().await;
    test.assert_at_rest(0).await;
    let tenant = test.log_in_again(&tenant).await;
    for id in &answered {
        // A process that goes on knows which calls it began and how Meta answered: none of them becomes unknown.
        assert_eq!(tenant.message(id).await["status"], "READ", "{id}");
    }
    assert_eq!(answered.len(), messages, "each key is one message");
    assert_eq!(test.states().await, [("ACCEPTED".to_owned(), i64::try_from(messages).unwrap())]);
    assert_eq!(test.system.acceptances().await.len(), messages);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_keeps_closing_all_connections_leaves_no_message_unsent() {
    let test = FaultTest::start().await;
    run_through(&test, (60, 12), async || test.system.db.disconnect_others().await > 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_server_that_is_killed_ten_times_leaves_no_message_unsent() {
    let server = OwnServer::start("killed").await;
    let test = FaultTest::start_on(server.database().await).await;
    run_through(&test, (300, 10), async || {
        server.kill_and_revive().await;
        true
    })
    .await;
}

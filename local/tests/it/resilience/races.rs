//! Concurrent work on one balance, one number, one message has one outcome.

use std::collections::HashSet;

use cloud::Queue;
use domain::{Money, TenantId};
use jiff::SignedDuration;
use ops::delivery::call_stats::CallStats;
use serde_json::{Value, json};
use tidings::client::{Answer, text};
use tidings::machine::Machine;
use tidings::poll::receive_once;
use tokio::task::JoinSet;

use super::fault_test::FaultTest;
use crate::test_system::{Tenant, rules};

/// Schedules a number of messages to one contact, all due in the same second.
async fn schedule(test: &FaultTest, tenant: &Tenant, phone: &str, messages: usize) -> Vec<String> {
    let contact = tenant.contact(phone).await;
    let at = test.system.clock.now() + SignedDuration::from_mins(5);
    let mut ids = Vec::new();
    for number in 0..messages {
        let body = json!({
            "templateId": tenant.template, "contactId": contact, "scheduleTime": at.to_string(),
            "idempotencyKey": format!("{phone}-{number}"),
        });
        let accepted = tenant.client.post("/messages/schedule", &body).await.unwrap().success().unwrap();
        ids.push(text(&accepted, "id").unwrap().to_owned());
    }
    test.system.clock.advance(SignedDuration::from_mins(5) + SignedDuration::from_secs(1));
    ids
}

/// Runs a number of dispatchers at once.
async fn dispatch_by(test: &FaultTest, tenant: &Tenant, dispatchers: usize) {
    let (mut running, tenant) = (JoinSet::new(), tenant.id.parse::<TenantId>().unwrap());
    for _ in 0..dispatchers {
        let platform = test.platform().clone();
        let until = platform.clock.now() + platform.timings.shift;
        running.spawn(async move {
            ops::delivery::dispatch::dispatch(&platform, tenant, until, &CallStats::default()).await.unwrap()
        });
    }
    running.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_dispatchers_spend_funds_for_ten_of_thirty_exactly_once() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "0.12").await;
    schedule(&test, &tenant, "+15550000001", 30).await;
    dispatch_by(&test, &tenant, 8).await;
    assert_eq!(test.states().await, [("ACCEPTED".to_owned(), 10), ("NO_FUNDS".to_owned(), 20)]);
    assert_eq!(test.system.acceptances().await.len(), 10);
    assert_eq!(tenant.balance().await, "0.00");
    let sums = test.system.books(true).await.sums;
    assert_eq!((sums.debits, sums.balances), (Money::from_micros(-120_000), Money::ZERO));
    test.rest().await;
    test.assert_at_rest(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_dispatchers_for_one_number_each_message_is_sent_by_one() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    schedule(&test, &tenant, "+15550000001", 40).await;
    dispatch_by(&test, &tenant, 2).await;
    let attempts: Vec<_> = test.system.acceptances().await.into_iter().map(|one| one.attempt_id).collect();
    assert_eq!(attempts.len(), 40);
    assert_eq!(attempts.iter().collect::<HashSet<_>>().len(), 40);
    test.rest().await;
    test.assert_at_rest(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_message_that_is_cancelled_while_it_is_claimed_is_either_cancelled_or_sent() {
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "1.00").await;
    let ids = schedule(&test, &tenant, "+15550000001", 40).await;
    let mut cancels = JoinSet::new();
    for id in ids.clone() {
        let client = tenant.client.clone();
        cancels.spawn(async move {
            let answer: Answer = client.post(&format!("/messages/{id}/cancel"), &Value::Null).await.unwrap();
            (id, answer.status.as_u16())
        });
    }
    dispatch_by(&test, &tenant, 1).await;
    let mut withdrawn = 0;
    for (id, status) in cancels.join_all().await {
        test.work().await;
        let shown = tenant.message(&id).await;
        match status {
            // A debit that was made before the cancellation is refunded.
            204 => {
                withdrawn += 1;
                assert_eq!((&shown["status"], shown.get("cost")), (&json!("CANCELLED"), shown.get("refund")));
            }
            409 => assert_eq!(shown["status"], "READ", "{shown}"),
            other => panic!("{other}: {shown}"),
        }
    }
    assert_eq!(test.system.acceptances().await.len(), ids.len() - withdrawn);
    test.rest().await;
    test.assert_at_rest(0).await;
}

/// Cancels each message at some moment of the dispatch that sends them.
async fn cancel_all(tenant: &Tenant, ids: &[String]) -> Vec<(String, u16)> {
    let mut cancels = JoinSet::new();
    for id in ids.iter().rev().cloned() {
        let client = tenant.client.clone();
        cancels.spawn(async move {
            let answer = client.post(&format!("/messages/{id}/cancel"), &Value::Null).await.unwrap();
            (id, answer.status.as_u16())
        });
    }
    cancels.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_messages_cancelled_while_they_are_sent_are_either_sent_or_refunded() {
    const MESSAGES: usize = 500;
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "6.00").await;
    let ids = schedule(&test, &tenant, "+15550000001", MESSAGES).await;
    // Cancelled while they are claimed, marked and sent, from the last to the first.
    let dispatched = dispatch_by(&test, &tenant, 1);
    let cancelled = async {
        while test.states().await.iter().all(|(state, _)| state != "ACCEPTED") {
            tokio::task::yield_now().await;
        }
        cancel_all(&tenant, &ids).await
    };
    let ((), answers) = tokio::join!(dispatched, cancelled);
    test.rest().await;
    let tenant = test.log_in_again(&tenant).await;
    let withdrawn = answers.iter().filter(|(_, status)| *status == 204).count();
    assert!(withdrawn > 0 && withdrawn < MESSAGES, "{withdrawn} of {MESSAGES}: there was no race");
    for (id, status) in answers {
        let shown = tenant.message(&id).await;
        match status {
            204 => {
                assert_eq!((&shown["status"], shown.get("cost")), (&json!("CANCELLED"), shown.get("refund")));
            }
            409 => assert_eq!((&shown["status"], shown.get("refund")), (&json!("READ"), None), "{shown}"),
            other => panic!("{other}: {shown}"),
        }
    }
    assert_eq!(test.system.acceptances().await.len(), MESSAGES - withdrawn);
    test.assert_at_rest(0).await;
}

/// Reads a queue often enough to compete with the other workers; returns the number of messages.
async fn work(machine: Machine, queue: Queue) -> usize {
    let mut worked = 0;
    for _ in 0..40 {
        worked += receive_once(&machine, rules(), queue).await.unwrap();
    }
    worked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_failures_received_twice_by_twenty_workers_are_five_hundred_refunds() {
    const FAILURES: usize = 500;
    let test = FaultTest::start().await;
    let tenant = test.system.tenant("acme", "6.00").await;
    test.system.order("auto", &json!({ "duplicate": true, "shuffle": true })).await;
    schedule(&test, &tenant, "+15550000002", FAILURES).await;
    dispatch_by(&test, &tenant, 1).await;
    let mut workers = JoinSet::new();
    for worker in 0..20 {
        let queue = if worker % 2 == 0 { Queue::Updates } else { Queue::Refunds };
        workers.spawn(work(test.system.machine.clone(), queue));
    }
    let worked: usize = workers.join_all().await.into_iter().sum();
    assert!(worked > 0);
    test.rest().await;
    test.assert_at_rest(0).await;
    let tenant = test.log_in_again(&tenant).await;
    assert_eq!(tenant.balance().await, "6.00");
    let sums = test.system.books(true).await.sums;
    // One top-up, and a debit and a refund each.
    assert_eq!(sums.entries, 1 + 2 * 500);
    assert_eq!(sums.refunds, Money::from_micros(6_000_000));
}

//! A function dropped at each of its await points, like a process that was killed between two instructions.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use cloud::Queue;
use jiff::SignedDuration;
use tidings::poll::receive_once;

use super::super::fault_test::FaultTest;
use crate::test_system::rules;

/// More await points than a function has.
const POLLS_MAX: usize = 400;

/// A future that is dropped after a number of polls.
struct GivenUp<F> {
    work: Pin<Box<F>>,
    polls: usize,
}

impl<F: Future> Future for GivenUp<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.work.as_mut().poll(context).map(Some)
    }
}

/// Brings one failing message to the point where its next work is on that queue.
async fn lead_up_to(test: &FaultTest, queue: Queue) {
    for before in Queue::ALL.into_iter().take_while(|before| *before != queue) {
        let mut worked = 0;
        loop {
            match receive_once(&test.system.machine, rules(), before).await.unwrap() {
                0 => break,
                more => worked += more,
            }
        }
        assert!(worked > 0, "{before:?} had nothing to do");
        test.wait_for_meta().await;
    }
}

/// Drops a queue's function after one await point, then after two, until it ends. Returns the number of await points.
async fn drop_at_every_await(test: &FaultTest, queue: Queue, slug: &str) -> usize {
    let mut tenant = test.system.tenant(slug, "100").await;
    for polls in 1..POLLS_MAX {
        if polls % 10 == 0 {
            tenant = test.log_in_again(&tenant).await;
        }
        tenant.send("+15550000002").await;
        lead_up_to(test, queue).await;
        let work = receive_once(&test.system.machine, rules(), queue);
        if let Some(worked) = (GivenUp { work: Box::pin(work), polls }).await {
            assert_ne!(worked.unwrap(), 0, "{queue:?} had nothing to do");
            return polls;
        }
        // Leases and receipts of dropped functions end, and others take their work before it becomes a dead letter.
        test.pass(SignedDuration::from_secs(61)).await;
    }
    panic!("{queue:?} did not get to its end in {POLLS_MAX} polls");
}

/// On one thread, so that nothing runs between two polls.
#[tokio::test]
async fn a_function_that_is_dropped_at_any_await_point_loses_and_doubles_nothing() {
    let test = FaultTest::start().await;
    for (queue, slug) in
        [(Queue::WakeUps, "sending"), (Queue::Updates, "receiving"), (Queue::Refunds, "paying")]
    {
        let awaits = drop_at_every_await(&test, queue, slug).await;
        assert!(awaits > 5, "{queue:?} has only {awaits} await points");
        test.rest().await;
        test.assert_at_rest(0).await;
        let books = test.system.books(true).await;
        // Each of these messages fails or never gets a status.
        assert_eq!(books.sums.debits.micros() + books.sums.refunds.micros(), 0);
    }
}

//! A function dropped at each of its await points: what a process looks like that was killed between two instructions.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use cloud::Queue;
use jiff::SignedDuration;
use tidings::poll::receive_once;

use super::super::stage::Stage;
use crate::world::rules;

/// Await points after which a function that still is not done has lost its way.
const POLLS_MAX: usize = 400;

/// A future that is given up after so many polls.
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

/// Brings one failing message so far that the next work on it is that queue's.
async fn lead_up_to(stage: &Stage, queue: Queue) {
    for before in Queue::ALL.into_iter().take_while(|before| *before != queue) {
        let mut worked = 0;
        loop {
            match receive_once(&stage.world.machine, rules(), before).await.unwrap() {
                0 => break,
                more => worked += more,
            }
        }
        assert!(worked > 0, "{before:?} had nothing to do");
        stage.wait_for_meta().await;
    }
}

/// Drops a queue's function after one await point, then after two, until it gets to its end. Tells how many it has.
async fn drop_at_every_await(stage: &Stage, queue: Queue, slug: &str) -> usize {
    let mut tenant = stage.world.tenant(slug, "100").await;
    for polls in 1..POLLS_MAX {
        if polls % 10 == 0 {
            tenant = stage.again(&tenant).await;
        }
        tenant.send("+15550000002").await;
        lead_up_to(stage, queue).await;
        let work = receive_once(&stage.world.machine, rules(), queue);
        if let Some(worked) = (GivenUp { work: Box::pin(work), polls }).await {
            assert_ne!(worked.unwrap(), 0, "{queue:?} had nothing to do");
            return polls;
        }
        // Leases and receipts of the dead run out, and others take their work up before it is given up as poison.
        stage.pass(SignedDuration::from_secs(61)).await;
    }
    panic!("{queue:?} did not get to its end in {POLLS_MAX} polls");
}

/// On one thread, so that nothing happens between two polls that a poll did not wait for.
#[tokio::test]
async fn a_function_that_dies_at_any_await_point_loses_and_doubles_nothing() {
    let stage = Stage::start().await;
    for (queue, slug) in
        [(Queue::WakeUps, "sending"), (Queue::Updates, "hearing"), (Queue::Refunds, "paying")]
    {
        let awaits = drop_at_every_await(&stage, queue, slug).await;
        assert!(awaits > 5, "{queue:?} has only {awaits} await points");
        stage.rest().await;
        stage.assert_at_rest(0).await;
        let books = stage.world.books(true).await;
        // Every one of these messages fails or is never heard of.
        assert_eq!(books.sums.debits.micros() + books.sums.refunds.micros(), 0);
    }
}

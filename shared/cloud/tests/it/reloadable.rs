//! A secret in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cloud::reloadable::{AGE_MAX, REFRESH_PAUSE, RENEW_PAUSE, json};
use cloud::{CloudError, Reloadable, Secret, Secrets};
use domain::Clock;
use jiff::SignedDuration;
use secrecy::SecretString;

use crate::secrets::Memory;

const A_MOMENT: SignedDuration = SignedDuration::from_millis(1);

async fn write(memory: &Memory, value: &str) {
    memory.write(Secret::Meta, &value.into()).await.unwrap();
}

/// The number `1` in memory, and secret.
async fn one() -> (Arc<Memory>, Clock, Reloadable<u32>) {
    let (memory, clock) = (Arc::new(Memory::default()), Clock::shifted());
    write(&memory, "1").await;
    let secret = Reloadable::read(memory.clone(), Secret::Meta, clock.clone(), json::<u32>).await.unwrap();
    (memory, clock, secret)
}

fn reads(memory: &Memory) -> usize {
    memory.reads.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_secret_is_read_once_however_often_it_is_used() {
    let (memory, clock, secret) = one().await;
    for _ in 0..1_000 {
        assert_eq!(*secret.get(), 1);
        secret.refresh_if_older(AGE_MAX).await;
    }
    clock.advance(AGE_MAX - SignedDuration::from_mins(1));
    secret.refresh_if_older(AGE_MAX).await;
    assert_eq!(reads(&memory), 1);
}

#[tokio::test]
async fn a_secret_that_became_old_is_read_again_once() {
    let (memory, clock, secret) = one().await;
    write(&memory, "2").await;
    clock.advance(AGE_MAX + A_MOMENT);
    assert_eq!(*secret.get(), 1, "it was not read again yet");
    assert_eq!(*secret.refresh_if_older(AGE_MAX).await, 2);
    assert_eq!(*secret.refresh_if_older(AGE_MAX).await, 2);
    assert_eq!((*secret.get(), reads(&memory)), (2, 2));
}

#[tokio::test]
async fn a_secret_is_renewed_at_once_and_not_again_for_a_while_however_many_ask() {
    let (memory, clock, secret) = one().await;
    write(&memory, "2").await;
    clock.advance(RENEW_PAUSE);
    let callers: Vec<_> = (0..100).map(|_| secret.clone()).collect();
    let callers = callers.into_iter().map(|secret| tokio::spawn(async move { *secret.renew().await }));
    for answer in callers.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap(), 2, "a caller during a read gets the new value");
    }
    assert_eq!(reads(&memory), 2);
    write(&memory, "3").await;
    clock.advance(RENEW_PAUSE - SignedDuration::from_secs(1));
    assert_eq!((*secret.renew().await, reads(&memory)), (2, 2));
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!((*secret.renew().await, reads(&memory)), (3, 3));
}

#[tokio::test]
async fn what_cannot_be_read_leaves_the_secret_as_it_was_and_is_tried_again_later() {
    let (memory, clock, secret) = one().await;
    memory.is_away.store(true, Ordering::SeqCst);
    clock.advance(AGE_MAX + A_MOMENT);
    for _ in 0..10 {
        assert_eq!((*secret.refresh_if_older(AGE_MAX).await, *secret.renew().await), (1, 1));
    }
    assert_eq!(reads(&memory), 2, "one caller asks while the service is down");
    memory.is_away.store(false, Ordering::SeqCst);
    write(&memory, "not a number").await;
    clock.advance(RENEW_PAUSE);
    assert_eq!((*secret.renew().await, reads(&memory)), (1, 3));
    write(&memory, "2").await;
    clock.advance(REFRESH_PAUSE);
    assert_eq!(*secret.refresh_if_older(AGE_MAX).await, 2, "it is old still");
}

/// Answers once, and then never again.
#[derive(Default)]
struct Hangs(AtomicUsize);

#[async_trait]
impl Secrets for Hangs {
    async fn read(&self, _: Secret) -> Result<SecretString, CloudError> {
        if self.0.fetch_add(1, Ordering::SeqCst) > 0 {
            std::future::pending::<()>().await;
        }
        Ok("1".into())
    }

    async fn write(&self, _: Secret, _: &SecretString) -> Result<(), CloudError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn no_caller_waits_long_for_a_secret_that_is_known() {
    let (hangs, clock) = (Arc::new(Hangs::default()), Clock::shifted());
    let secret = Reloadable::read(hangs.clone(), Secret::Meta, clock.clone(), json::<u32>).await.unwrap();
    clock.advance(AGE_MAX + A_MOMENT);
    let since = tokio::time::Instant::now();
    assert_eq!(*secret.refresh_if_older(AGE_MAX).await, 1);
    assert!(since.elapsed() <= Duration::from_secs(2), "{:?}", since.elapsed());
    let since = tokio::time::Instant::now();
    clock.advance(REFRESH_PAUSE - A_MOMENT);
    assert_eq!(*secret.refresh_if_older(AGE_MAX).await, 1);
    assert_eq!((since.elapsed(), hangs.0.load(Ordering::SeqCst)), (Duration::ZERO, 2), "it was just tried");
}

#[tokio::test]
async fn a_fixed_secret_stays_and_one_that_is_not_there_is_an_error() {
    let secret = Reloadable::fixed("x");
    assert_eq!(
        (*secret.get(), *secret.renew().await, *secret.refresh_if_older(AGE_MAX).await),
        ("x", "x", "x")
    );
    let memory = Arc::new(Memory::default());
    Reloadable::read(memory, Secret::Smtp, Clock::System, json::<u32>).await.unwrap_err();
}

#[tokio::test]
async fn no_error_and_no_log_quotes_a_secret() {
    let memory = Arc::new(Memory::default());
    write(&memory, "\"hunter2\"").await;
    let error = Reloadable::read(memory.clone(), Secret::Meta, Clock::System, json::<u32>).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "a call to the cloud failed: the secret meta is not JSON of the right form"
    );
    let secret = Reloadable::read(memory, Secret::Meta, Clock::System, json::<String>).await.unwrap();
    assert_eq!(format!("{secret:?}"), "Reloadable(\"meta\")");
}

//! Publishing domain events from the outbox to the event bus.

use std::time::Duration;

use cloud::CloudError;
use domain::events::DomainEvent;
use domain::with_causes;
use jiff::{SignedDuration, Timestamp};
use store::outbox::ClaimedEvent;
use store::{StoreError, outbox};
use thiserror::Error;

use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;

/// Why events stay in the outbox for now.
#[derive(Debug, Error)]
pub enum PublishError {
    #[error("the event bus did not take the events")]
    Cloud(#[from] CloudError),
    #[error("the outbox could not be read")]
    Store(#[from] StoreError),
}

/// Events of one batch. One batch is 20 calls to EventBridge at most, and at least one.
const EVENTS_MAX: i64 = 200;
/// How long a publisher holds a batch before another one may publish it: longer than a batch takes, and shorter than the
/// time between two sweeps.
const CLAIM_FOR: SignedDuration = SignedDuration::from_secs(45);
/// How long a caller waits for the events that its own call wrote. What is left is published by the next sweep.
const CALLER_WAITS: Duration = Duration::from_secs(3);

/// Publishes until the outbox is empty, or what is left is held by another publisher, or `until`. Each event is published at
/// least once. Returns how many were published.
pub async fn publish_events(platform: &Platform, until: Timestamp) -> Result<usize, PublishError> {
    let mut count = 0;
    loop {
        let claimed = platform.store.perform_system(&platform.system(), &ClaimEvents {}).await?;
        if claimed.is_empty() {
            return Ok(count);
        }
        let events: Vec<DomainEvent> = claimed.iter().map(|claimed| claimed.event.clone()).collect();
        platform.cloud.events.publish(&events).await?;
        count += events.len();
        platform.store.perform_system(&platform.system(), &EventsPublished { events: claimed }).await?;
        if platform.clock.now() >= until {
            return Ok(count);
        }
    }
}

/// Publishes one batch right after the commit that wrote an event. When this fails, the sweeper publishes the event.
pub(crate) async fn publish_soon(platform: &Platform) {
    let publish = publish_events(platform, platform.clock.now());
    match tokio::time::timeout(CALLER_WAITS, publish).await {
        Ok(Ok(_count)) => {}
        Ok(Err(error)) => {
            tracing::warn!(
                error = with_causes(&error),
                "Events were not published; the next sweep publishes them."
            );
        }
        Err(_elapsed) => {
            tracing::warn!("The event bus is slow; the next sweep publishes the events.");
        }
    }
}

one_statement! {
    const NAME: &'static str = "claim_events";
    system struct ClaimEvents {}
    fn run(&self, tx) -> Vec<ClaimedEvent> { outbox::claim(tx, CLAIM_FOR, EVENTS_MAX) }
}

one_statement! {
    const NAME: &'static str = "events_published";
    system struct EventsPublished { events: Vec<ClaimedEvent> }
    fn run(&self, tx) -> u64 { outbox::published(tx, &self.events) }
}

//! Domain events on their way from the outbox to the event bus.

use cloud::CloudError;
use domain::events::DomainEvent;
use store::{Operation, Scope, StoreError, Tx, outbox};
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::platform::Platform;

/// Why events stay in the outbox for now.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The event bus did not take them.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The outbox could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Events published in one go.
const EVENTS_MAX: i64 = 100;

/// Publishes what waits in the outbox, at least once; tells how many.
pub async fn publish_events(platform: &Platform) -> Result<usize, PublishError> {
    let waiting = platform.store.perform(Scope::System, &WaitingEvents).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (ids, events): (Vec<Uuid>, Vec<DomainEvent>) = waiting.into_iter().unzip();
    platform.cloud.events.publish(&events).await?;
    platform.store.perform(Scope::System, &EventsSent { ids }).await?;
    Ok(events.len())
}

struct WaitingEvents;

impl Operation for WaitingEvents {
    const NAME: &'static str = "waiting_events";
    type Done = Vec<(Uuid, DomainEvent)>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Self::Done, StoreError> {
        outbox::waiting(tx, EVENTS_MAX).await
    }
}

struct EventsSent {
    ids: Vec<Uuid>,
}

impl Operation for EventsSent {
    const NAME: &'static str = "events_sent";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<(), StoreError> {
        outbox::sent(tx, &self.ids).await.map(drop)
    }
}

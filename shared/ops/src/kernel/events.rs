//! Domain events on their way from the outbox to the event bus.

use cloud::CloudError;
use domain::events::DomainEvent;
use store::{StoreError, SystemOperation, SystemTx, outbox};
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::one_statement::one_statement;
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
    let waiting = platform.store.perform_system(&platform.system(), &WaitingEvents {}).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let (ids, events): (Vec<Uuid>, Vec<DomainEvent>) = waiting.into_iter().unzip();
    platform.cloud.events.publish(&events).await?;
    platform.store.perform_system(&platform.system(), &EventsSent { ids }).await?;
    Ok(events.len())
}

one_statement! {
    const NAME: &'static str = "waiting_events";
    system struct WaitingEvents {}
    fn run(&self, tx) -> Vec<(Uuid, DomainEvent)> { outbox::waiting(tx, EVENTS_MAX) }
}

struct EventsSent {
    ids: Vec<Uuid>,
}

impl SystemOperation for EventsSent {
    const NAME: &'static str = "events_sent";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        outbox::sent(tx, &self.ids).await.map(drop)
    }
}

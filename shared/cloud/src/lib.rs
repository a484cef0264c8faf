//! What the product asks of the cloud: queues, wake-ups, events. Three small traits and the bodies that travel.
//!
//! Everything here is at least once: a message may come twice, late, or out of order, and what it starts must not mind.
//! Nothing here is the truth: whatever a lost message asked for also stands in a row that the sweeper finds.
//!
//! [`one_machine`] keeps all three on Postgres tables, behind the same traits as the cloud's own services.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::event::DomainEvent;
use domain::{Batch, MessageId, TenantId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[cfg(feature = "one-machine")]
pub mod one_machine;

/// The longest delay of a queue message (SQS: 15 minutes).
pub const DELAY_MAX: Duration = Duration::from_mins(15);

/// A queue of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Tenants that have something due now; read by `dispatch`.
    WakeUps,
    /// Meta's updates; read by `updates`.
    Updates,
    /// Owed refunds; read by `refunds`.
    Refunds,
    /// Domain events that somebody is to be written about; read by `mailer`.
    Mail,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 4] = [Self::WakeUps, Self::Updates, Self::Refunds, Self::Mail];

    /// Its name, in the cloud and on one machine.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WakeUps => "wake-ups",
            Self::Updates => "updates",
            Self::Refunds => "refunds",
            Self::Mail => "mail",
        }
    }
}

/// A body on [`Queue::WakeUps`], and what a schedule delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeUp {
    /// Who has something due.
    pub tenant: TenantId,
}

/// A body on [`Queue::Refunds`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundJob {
    /// Whose money.
    pub tenant: TenantId,
    /// The messages whose debits are owed back.
    pub message_ids: Vec<MessageId>,
}

/// The cloud did not take something. The row that asked for it is still there.
#[derive(Debug, Error)]
#[error("the cloud did not take it")]
pub struct CloudError(#[from] Box<dyn std::error::Error + Send + Sync>);

/// Sends to queues.
#[async_trait]
pub trait Queues: Send + Sync {
    /// Puts JSON bodies on a queue, receivable after `delay` (at most [`DELAY_MAX`]).
    async fn send(&self, queue: Queue, bodies: Vec<String>, delay: Duration) -> Result<(), CloudError>;
}

/// Makes one-time schedules.
#[async_trait]
pub trait WakeUps: Send + Sync {
    /// Wakes the batch's tenant at the batch's minute. A schedule of the batch's name that exists already is fine.
    async fn schedule(&self, batch: Batch) -> Result<(), CloudError>;
}

/// Publishes domain events.
#[async_trait]
pub trait Events: Send + Sync {
    /// Publishes all of them, or fails and may have published some.
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError>;
}

/// The cloud as the product was started with it.
#[derive(Clone)]
pub struct Cloud {
    /// Queues.
    pub queues: Arc<dyn Queues>,
    /// Schedules.
    pub wake_ups: Arc<dyn WakeUps>,
    /// The event bus.
    pub events: Arc<dyn Events>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    /// Sends one body, of any type that has a JSON form.
    pub async fn send<T: Serialize + Sync>(
        &self,
        queue: Queue,
        body: &T,
        delay: Duration,
    ) -> Result<(), CloudError> {
        let body = serde_json::to_string(body).map_err(|error| CloudError(error.into()))?;
        self.queues.send(queue, vec![body], delay.min(DELAY_MAX)).await
    }
}

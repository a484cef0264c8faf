//! What the product asks of the cloud: queues, wake-ups, events, secrets. Four small traits and the bodies that travel.
//!
//! Everything here is at least once: a message may come twice, late, or out of order, and what it starts must not mind.
//! Nothing here is the truth: whatever a lost message asked for also stands in a row that the sweeper finds.
//!
//! `aws` has queues, wake-ups and events in SQS, EventBridge Scheduler and EventBridge, and secrets in Secrets Manager;
//! the crate `one_machine` has the first three on Postgres tables. The tests in `tests/it` run against both.
//!
//! [`trace`] is the thread through it all: what a request led to carries its trace. [`kept`] has a secret at hand, and
//! reads it again when it was changed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::events::DomainEvent;
use domain::{Batch, with_causes};
use secrecy::SecretString;
use thiserror::Error;

mod absent;
#[cfg(feature = "aws")]
pub mod aws;
mod bodies;
pub mod kept;
mod message;
pub mod trace;

pub use absent::Absent;
pub use bodies::{Body, RefundJob, Scheduled, WakeUp};
pub use kept::Kept;
pub use message::{BODY_BYTES_MAX, Group, Message, without_oversized};

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
    /// Domain events that somebody is to be written about; read by `mailer`, and fed by the event bus alone.
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

/// A secret of the product. What each of them holds is its reader's affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secret {
    /// Meta's app, and what its webhook is verified with.
    Meta,
    /// What access tokens are signed with.
    Jwt,
    /// What tenants' tokens are sealed with.
    DataKeys,
    /// The mail server's account.
    Smtp,
    /// The database's account.
    Database,
}

impl Secret {
    /// Every secret.
    pub const ALL: [Self; 5] = [Self::Meta, Self::Jwt, Self::DataKeys, Self::Smtp, Self::Database];

    /// Its name, in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Jwt => "jwt",
            Self::DataKeys => "data-keys",
            Self::Smtp => "smtp",
            Self::Database => "database",
        }
    }
}

/// The cloud did not do something. The row that asked for it is still there.
#[derive(Debug, Error)]
#[error("the cloud did not take it: {0}")]
pub struct CloudError(String);

impl CloudError {
    /// For this reason, which is logged.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// For that error and whatever caused it.
    pub fn of(error: &dyn StdError) -> Self {
        Self(with_causes(error))
    }
}

/// Sends to queues.
#[async_trait]
pub trait Queues: Send + Sync {
    /// Puts messages on a queue, receivable after `delay` (at most [`DELAY_MAX`]). When it fails it may have sent some; a
    /// message that is refused for what it is, such as one over [`BODY_BYTES_MAX`], keeps no other from being sent.
    async fn send(&self, queue: Queue, messages: Vec<Message>, delay: Duration) -> Result<(), CloudError>;
}

/// Makes one-time schedules.
#[async_trait]
pub trait WakeUps: Send + Sync {
    /// Wakes the batch's tenant at the batch's minute, as [`Scheduled`] with the present trace. A schedule of the batch's
    /// name that exists already is fine, and stays as it is.
    async fn schedule(&self, batch: Batch) -> Result<(), CloudError>;
}

/// Publishes domain events.
#[async_trait]
pub trait Events: Send + Sync {
    /// Publishes all of them, or fails and may have published some.
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError>;
}

/// Keeps secrets. [`Kept`] reads them once and has them at hand.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// A secret as it is now.
    async fn read(&self, secret: Secret) -> Result<SecretString, CloudError>;

    /// Puts another in its place.
    async fn write(&self, secret: Secret, value: &SecretString) -> Result<(), CloudError>;
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
    /// Nothing of it: for a function that sends nothing, and then links nothing to send with.
    pub fn absent() -> Self {
        Self { queues: Arc::new(Absent), wake_ups: Arc::new(Absent), events: Arc::new(Absent) }
    }

    /// Sends one body to its queue, with the present trace.
    pub async fn send<B: Body + Sync>(&self, body: &B, delay: Duration) -> Result<(), CloudError> {
        let json = serde_json::to_string(body).map_err(|error| CloudError::of(&error))?;
        self.queues.send(B::QUEUE, vec![Message::new(body.group(), json)], delay).await
    }
}

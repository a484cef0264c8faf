//! What the product asks of the cloud: queues, timers, events, secrets. Four small traits and the bodies that travel.
//!
//! Everything here is at least once: a message may come twice, late, or out of order, and what it starts must not mind.
//! Nothing here is the truth: what a lost message asked for is also in a row that the sweeper finds.
//!
//! `aws` has queues, timers and events in SQS, EventBridge Scheduler and EventBridge, and secrets in Secrets Manager;
//! the crate `one_machine` has the first three on Postgres tables. The tests in `tests/it` run against both.
//!
//! [`trace`] connects a request with all work that follows from it. [`reloadable`] keeps a secret in memory and reads it
//! again when it was changed.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::events::DomainEvent;
use domain::{Timer, with_causes};
use secrecy::SecretString;
use thiserror::Error;

mod absent;
#[cfg(feature = "aws")]
pub mod aws;
mod bodies;
mod message;
pub mod reloadable;
pub mod trace;

pub use absent::Absent;
pub use bodies::{Body, Due, RefundJob, Scheduled, WakeUp};
pub use message::{BODY_BYTES_MAX, Group, Message, ReceivedMessage, without_oversized};
pub use reloadable::Reloadable;

/// The longest delay of a queue message (SQS: 15 minutes).
pub const DELAY_MAX: Duration = Duration::from_mins(15);
/// The longest wait of a received message for its next receive: SQS hides a message for 12 hours in all at most.
pub const POSTPONE_MAX: Duration = Duration::from_hours(11);

/// A queue of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Tenants that have something due now, and timers that fired; read by `dispatch`.
    WakeUps,
    /// Meta's updates; read by `updates`.
    Updates,
    /// Owed refunds; read by `refunds`.
    Refunds,
    /// Domain events that a person gets an e-mail about; read by `mailer`, and filled by the event bus alone.
    Mail,
}

impl Queue {
    pub const ALL: [Self; 4] = [Self::WakeUps, Self::Updates, Self::Refunds, Self::Mail];

    pub const fn name(self) -> &'static str {
        match self {
            Self::WakeUps => "wake-ups",
            Self::Updates => "updates",
            Self::Refunds => "refunds",
            Self::Mail => "mail",
        }
    }

    /// How long a message that failed waits for its next receive, after `receives` of them. `None` where it waits as long as
    /// the queue hides a received message: there the sweeper finds the row of a message that was given up. Nothing finds an
    /// e-mail that was given up, so its waits become longer, and [`MAIL_RECEIVES_MAX`] of them last for more than a day.
    pub fn retry_delay(self, receives: u32) -> Option<Duration> {
        match self {
            Self::WakeUps | Self::Updates | Self::Refunds => None,
            Self::Mail => {
                let doubled = 2_u32.saturating_pow(receives.saturating_sub(1));
                Some(MAIL_RETRY_FIRST.saturating_mul(doubled).min(MAIL_RETRY_MAX))
            }
        }
    }
}

/// The wait of an e-mail after its first failure; each further one is twice as long.
const MAIL_RETRY_FIRST: Duration = Duration::from_secs(5);
/// The longest wait of an e-mail.
const MAIL_RETRY_MAX: Duration = Duration::from_mins(15);
/// After so many receives an e-mail is given up.
pub const MAIL_RECEIVES_MAX: i32 = 105;

/// A secret of the product. Its reader knows its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Secret {
    /// Meta's app, and what its webhook is verified with.
    Meta,
    /// What access tokens are signed with.
    Jwt,
    /// What tenants' tokens are encrypted with.
    DataKeys,
    /// The mail server's account.
    Smtp,
    /// The database's account.
    Database,
}

impl Secret {
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

/// A call to the cloud failed. The row that asked for it is still there.
#[derive(Debug, Error)]
#[error("a call to the cloud failed: {0}")]
pub struct CloudError(String);

impl CloudError {
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// With the causes of the error.
    pub fn of(error: &dyn StdError) -> Self {
        Self(with_causes(error))
    }
}

#[async_trait]
pub trait Queues: Send + Sync {
    /// Puts messages on a queue, receivable after `delay` (at most [`DELAY_MAX`]). When it fails it may have sent some; a
    /// message that is refused for what it is, such as one over [`BODY_BYTES_MAX`], keeps no other from being sent.
    async fn send(&self, queue: Queue, messages: Vec<Message>, delay: Duration) -> Result<(), CloudError>;

    /// Lets a received message be received again after `delay` (at most [`POSTPONE_MAX`]) instead of after the queue's
    /// visibility time-out. The receive still counts.
    async fn postpone(&self, queue: Queue, receipt: &str, delay: Duration) -> Result<(), CloudError>;

    /// Keeps the reason why a received message failed, to be shown with the dead letter that it may become. A queue that has
    /// no place for it keeps nothing: there the log has it.
    async fn note_failure(&self, queue: Queue, receipt: &str, why: &str) -> Result<(), CloudError> {
        tracing::debug!(queue = queue.name(), receipt, error = why, "A queue keeps no reasons.");
        Ok(())
    }

    /// Puts a received message among the queue's dead letters, with the reason. On AWS this is a copy, and the message itself
    /// is deleted by reporting it as done.
    async fn park(&self, queue: Queue, received: ReceivedMessage, reason: &str) -> Result<(), CloudError>;
}

/// Sets one-time timers.
#[async_trait]
pub trait Timers: Send + Sync {
    /// Starts what the timer is for when its time has come, as [`Scheduled`] with the present trace. A timer of the same name
    /// that is set already is fine, and stays as it is.
    async fn set(&self, timer: Timer) -> Result<(), CloudError>;
}

/// Publishes domain events.
#[async_trait]
pub trait Events: Send + Sync {
    /// Publishes all of them, or fails and may have published some.
    async fn publish(&self, events: &[DomainEvent]) -> Result<(), CloudError>;
}

/// Reads and writes secrets. [`Reloadable`] keeps one in memory.
#[async_trait]
pub trait Secrets: Send + Sync {
    async fn read(&self, secret: Secret) -> Result<SecretString, CloudError>;

    async fn write(&self, secret: Secret, value: &SecretString) -> Result<(), CloudError>;
}

/// The cloud as the product was started with it.
#[derive(Clone)]
pub struct Cloud {
    pub queues: Arc<dyn Queues>,
    pub timers: Arc<dyn Timers>,
    /// The event bus.
    pub events: Arc<dyn Events>,
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cloud")
    }
}

impl Cloud {
    /// For a function that sends nothing, and then links nothing to send with.
    pub fn absent() -> Self {
        Self { queues: Arc::new(Absent), timers: Arc::new(Absent), events: Arc::new(Absent) }
    }

    /// Sends one body to its queue, with the present trace.
    pub async fn send<B: Body + Sync>(&self, body: &B, delay: Duration) -> Result<(), CloudError> {
        let json = serde_json::to_string(body).map_err(|error| CloudError::of(&error))?;
        self.queues.send(B::QUEUE, vec![Message::new(body.group(), json)], delay).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_e_mail_is_tried_for_more_than_a_day_before_it_is_given_up() {
        let receives = u32::try_from(MAIL_RECEIVES_MAX).unwrap();
        let waits: Vec<Duration> =
            (1..receives).filter_map(|receives| Queue::Mail.retry_delay(receives)).collect();
        assert!(waits.iter().sum::<Duration>() >= Duration::from_hours(24), "{waits:?}");
        assert!(waits.is_sorted() && waits.iter().all(|wait| *wait <= POSTPONE_MAX));
        assert!(
            waits.iter().take(4).sum::<Duration>() > Duration::from_mins(1),
            "a restart of a mail server"
        );
        assert_eq!(Queue::Mail.retry_delay(u32::MAX), Some(MAIL_RETRY_MAX));
    }
}

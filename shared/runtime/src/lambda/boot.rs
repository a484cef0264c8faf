//! What every function may ask for, made from its environment. What needs the database is in `platform`.

use std::sync::Arc;

use cloud::aws::Aws;
use cloud::{Events, Kept, Queues, Secret, WakeUps};
use domain::Clock;

use super::BootError;
use super::fresh::Fresh;

/// A process that was started with a function's environment.
#[derive(Debug)]
pub struct Boot {
    pub(super) aws: Aws,
    clock: Clock,
    pub(super) fresh: Fresh,
}

impl Boot {
    /// As Lambda set the environment. Makes no call yet.
    pub fn from_environment() -> Result<Self, BootError> {
        Ok(Self { aws: Aws::from_environment()?, clock: Clock::System, fresh: Fresh::default() })
    }

    /// Sends to queues.
    pub fn queues(&self) -> Arc<dyn Queues> {
        self.aws.queues()
    }

    /// Makes schedules.
    pub fn wake_ups(&self) -> Arc<dyn WakeUps> {
        self.aws.wake_ups()
    }

    /// Publishes domain events.
    pub fn events_bus(&self) -> Arc<dyn Events> {
        self.aws.events()
    }

    /// Keeps secrets.
    pub fn secrets(&self) -> Arc<dyn cloud::Secrets> {
        self.aws.secrets()
    }

    /// A secret, looked at again while the function lives.
    pub async fn keep<T: Send + Sync + 'static>(
        &self,
        secret: Secret,
        parse: impl Fn(&str) -> Result<T, &'static str> + Send + Sync + 'static,
    ) -> Result<Kept<T>, BootError> {
        let kept = Kept::read(self.aws.secrets(), secret, self.clock.clone(), parse).await?;
        self.fresh.add(&kept);
        Ok(kept)
    }

    /// The Meta app.
    pub async fn meta_app(&self) -> Result<Kept<meta::MetaApp>, BootError> {
        self.keep(Secret::Meta, meta::MetaApp::from_json).await
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }
}

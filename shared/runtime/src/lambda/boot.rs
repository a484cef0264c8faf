//! What every function may need, made from its environment. What needs the database is in `platform`.

use std::sync::Arc;

use cloud::aws::Aws;
use cloud::{Events, Queues, Reloadable, Secret, Timers};
use domain::Clock;

use super::BootError;
use super::reloads::Reloads;

/// The environment that Lambda started the process with.
#[derive(Debug)]
pub struct Boot {
    pub(super) aws: Aws,
    clock: Clock,
    pub(super) reloads: Reloads,
}

impl Boot {
    /// Makes no call yet.
    pub fn from_environment() -> Result<Self, BootError> {
        Ok(Self { aws: Aws::from_environment()?, clock: Clock::System, reloads: Reloads::default() })
    }

    pub fn queues(&self) -> Arc<dyn Queues> {
        self.aws.queues()
    }

    pub fn timers(&self) -> Arc<dyn Timers> {
        self.aws.timers()
    }

    pub fn events_bus(&self) -> Arc<dyn Events> {
        self.aws.events()
    }

    pub fn secrets(&self) -> Arc<dyn cloud::Secrets> {
        self.aws.secrets()
    }

    /// A secret that is read again from time to time.
    pub async fn reloadable<T: Send + Sync + 'static>(
        &self,
        secret: Secret,
        parse: impl Fn(&str) -> Result<T, &'static str> + Send + Sync + 'static,
    ) -> Result<Reloadable<T>, BootError> {
        let secret = Reloadable::read(self.aws.secrets(), secret, self.clock.clone(), parse).await?;
        self.reloads.add(&secret);
        Ok(secret)
    }

    /// The Meta app.
    pub async fn meta_app(&self) -> Result<Reloadable<meta::MetaApp>, BootError> {
        self.reloadable(Secret::Meta, meta::MetaApp::from_json).await
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }
}

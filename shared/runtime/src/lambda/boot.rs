//! What a function stands on, made from its environment.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use cloud::aws::Aws;
use cloud::{Cloud, Events, Kept, Queues, Secret, WakeUps};
use domain::{Clock, with_causes};
use http_kit::tokens::Keys;
use http_kit::{App, Tokens};
use ops::kernel::cipher::{Ring, Sealer};
use ops::kernel::passwords::Passwords;
use ops::{Platform, Waits};
use secrecy::SecretString;
use store::{Access, Config, Store};

use super::environment::{self, optional};
use super::fresh::Fresh;
use super::{BootError, database};

/// How long a caller waits for the process' connection.
const CONNECTION_WAIT: Duration = Duration::from_secs(5);
/// How long one call to Meta may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);
const META_URL: &str = "https://graph.facebook.com";
const META_VERSION: &str = "v26.0";

/// A process that was started with a function's environment.
#[derive(Debug)]
pub struct Boot {
    aws: Aws,
    clock: Clock,
    pub(super) fresh: Fresh,
}

impl Boot {
    /// As Lambda set the environment. Nobody is asked for anything yet.
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

    /// How the function gets into the database.
    pub fn access(&self) -> Result<Access, BootError> {
        database::access(&self.aws, &self.clock)
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

    /// What operations run on, for a function that may send through `cloud` and use these secrets. Without
    /// [`Secret::Meta`] it calls Meta as nobody, without [`Secret::DataKeys`] it opens no tenant's token.
    pub async fn platform(&self, cloud: Cloud, uses: &[Secret]) -> Result<Platform, BootError> {
        let access = self.access()?;
        let store = Store::new(&Config {
            access,
            connections_max: environment::concurrency(),
            wait: CONNECTION_WAIT,
        })?;
        let base_url = optional("META_BASE_URL").unwrap_or_else(|| META_URL.to_owned());
        let is_sandbox = !base_url.starts_with("https://");
        let (meta, sealer, ()) = futures_util::try_join!(
            self.meta(base_url, uses.contains(&Secret::Meta)),
            self.sealer(uses.contains(&Secret::DataKeys)),
            warm_up(&store),
        )?;
        Ok(Platform {
            store,
            cloud,
            meta,
            clock: self.clock.clone(),
            sealer: Arc::new(sealer),
            passwords: Passwords::default(),
            waits: Waits::default(),
            is_sandbox,
            is_closing: Arc::new(AtomicBool::new(false)),
        })
    }

    /// What an HTTP door is given: the platform, and the keys of access tokens.
    pub async fn app(&self, cloud: Cloud, uses: &[Secret]) -> Result<App, BootError> {
        let keys = self.keep(Secret::Jwt, Keys::from_json);
        let (platform, keys) = futures_util::try_join!(self.platform(cloud, uses), keys)?;
        Ok(App { platform, tokens: Arc::new(Tokens::new(keys, self.clock.clone())) })
    }

    async fn meta(&self, base_url: String, is_used: bool) -> Result<meta::Client, BootError> {
        let client = meta::Client::new(meta::Config {
            base_url,
            version: optional("META_API_VERSION").unwrap_or_else(|| META_VERSION.to_owned()),
            app_id: String::new(),
            app_secret: SecretString::default(),
            call_timeout: CALL_TIMEOUT,
        })?;
        if !is_used {
            return Ok(client);
        }
        let app = self.meta_app().await?;
        Ok(client.with_app(move || app.get()))
    }

    async fn sealer(&self, is_used: bool) -> Result<Sealer, BootError> {
        let ring = if is_used {
            self.keep(Secret::DataKeys, Ring::from_json).await?
        } else {
            Kept::fixed(Ring::empty())
        };
        Ok(Sealer::new(ring))
    }

    pub(super) const fn clock(&self) -> &Clock {
        &self.clock
    }
}

/// Opens the connection ahead of the first event. A database that is away now may be back by then: the event is told
/// so, and not the whole function.
async fn warm_up(store: &Store) -> Result<(), BootError> {
    if let Err(error) = store.warm_up().await {
        tracing::error!(error = with_causes(&error), "the first event finds no connection");
    }
    Ok(())
}

//! A secret at hand: read once, parsed, and read again when it may have been changed.
//!
//! Secrets are rotated while functions run. What authenticates with one asks [`Kept::get`]; when that does not
//! authenticate it asks [`Kept::renew`] and tries once more. A stranger can make that happen with any bad signature, so
//! it reads at most once in [`RENEW_PAUSE`], however many ask.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use domain::Clock;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::{CloudError, Secret, Secrets};

/// The shortest time between two reads that somebody needs.
pub const RENEW_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// The shortest time between two reads of what has only become old.
pub const REFRESH_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// How old a secret may become where it is looked at now and then.
pub const AGE_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How long a read may keep an event waiting that is worked on as well with what is known already: a function that waits
/// for secrets until its own time is over answers nobody while they are away.
const READ_MAX: Duration = Duration::from_secs(2);

/// Makes of a secret's text what is used. What it says of one that it cannot read is logged, so it must not quote.
type Parse<T> = Box<dyn Fn(&str) -> Result<T, &'static str> + Send + Sync>;

/// A secret as it was last read. Clones are the same.
pub struct Kept<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: RwLock<Arc<T>>,
    source: Option<Source<T>>,
}

struct Source<T> {
    secrets: Arc<dyn Secrets>,
    secret: Secret,
    parse: Parse<T>,
    clock: Clock,
    /// Held while reading, so that whoever asks meanwhile is given what comes of it.
    times: Mutex<Times>,
}

#[derive(Clone, Copy)]
struct Times {
    /// When it was last tried.
    tried: Timestamp,
    /// When it last worked.
    read: Timestamp,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.source.as_ref().map_or("fixed", |source| source.secret.name());
        f.debug_tuple("Kept").field(&name).finish()
    }
}

impl<T: Send + Sync> Kept<T> {
    /// One that never changes.
    pub fn fixed(value: T) -> Self {
        Self(Arc::new(Inner { value: RwLock::new(Arc::new(value)), source: None }))
    }

    /// Reads it. `parse` makes of its text what is used.
    pub async fn read(
        secrets: Arc<dyn Secrets>,
        secret: Secret,
        clock: Clock,
        parse: impl Fn(&str) -> Result<T, &'static str> + Send + Sync + 'static,
    ) -> Result<Self, CloudError> {
        let now = clock.now();
        let times = Mutex::new(Times { tried: now, read: now });
        let source = Source { secrets, secret, parse: Box::new(parse), clock, times };
        let value = RwLock::new(Arc::new(source.fetch().await?));
        Ok(Self(Arc::new(Inner { value, source: Some(source) })))
    }

    /// As it was last read.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads it again, because what it should have authenticated did not, and gives what is known then. When reading fails
    /// that is what was known before.
    pub async fn renew(&self) -> Arc<T> {
        self.read_if_older(RENEW_PAUSE, RENEW_PAUSE).await
    }

    /// Reads it again when it was last read longer ago than that, [`AGE_MAX`] for instance.
    pub async fn refresh_if_older(&self, age: SignedDuration) -> Arc<T> {
        self.read_if_older(age, REFRESH_PAUSE).await
    }

    async fn read_if_older(&self, age: SignedDuration, pause: SignedDuration) -> Arc<T> {
        let Some(source) = &self.0.source else { return self.get() };
        let mut times = source.times.lock().await;
        let now = source.clock.now();
        let since = |then: Timestamp| now.duration_since(then).abs();
        if since(times.tried) < pause || since(times.read) < age {
            return self.get();
        }
        // A read that is broken off counts as one.
        times.tried = now;
        let slow = |_elapsed| Err(CloudError::new("it takes too long"));
        match timeout(READ_MAX, source.fetch()).await.unwrap_or_else(slow) {
            Ok(value) => {
                times.read = now;
                *self.0.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
            }
            Err(error) => {
                tracing::error!(%error, secret = source.secret.name(), "a secret was not renewed; the one before stays");
            }
        }
        self.get()
    }
}

impl<T> Source<T> {
    async fn fetch(&self) -> Result<T, CloudError> {
        let text = self.secrets.read(self.secret).await?;
        let unreadable = |why| CloudError::new(format!("the secret {} {why}", self.secret.name()));
        (self.parse)(text.expose_secret()).map_err(unreadable)
    }
}

/// A secret that is JSON of this type. An error of the parser quotes what it read, so nothing is told of it.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, &'static str> {
    serde_json::from_str(text).map_err(|_quotes| "is not the JSON that it should be")
}

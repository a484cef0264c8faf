//! A secret in memory: read once, parsed, and read again when it may have been changed.
//!
//! Secrets are rotated while functions run. What authenticates with one uses [`Reloadable::get`]; when that does not
//! authenticate it calls [`Reloadable::renew`] and tries once more. Any bad signature can make that happen, so the secret
//! is read at most once in [`RENEW_PAUSE`], however many callers there are.

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

/// The shortest time between two reads because authentication failed.
pub const RENEW_PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// The shortest time between two reads because of age.
pub const REFRESH_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// How old a secret may become in a function.
pub const AGE_MAX: SignedDuration = SignedDuration::from_mins(15);

/// How long a read may delay an event, which works as well with the value that is known already: a function that waited for
/// secrets until its deadline would answer no request while Secrets Manager is down.
const READ_MAX: Duration = Duration::from_secs(2);

/// Parses the text of a secret. Its error is logged, so it must not quote.
type Parse<T> = Box<dyn Fn(&str) -> Result<T, &'static str> + Send + Sync>;

/// A secret as it was last read. Clones share it.
pub struct Reloadable<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: RwLock<Arc<T>>,
    source: Option<Source<T>>,
}

struct Source<T> {
    secrets: Arc<dyn Secrets>,
    secret: Secret,
    parse: Parse<T>,
    clock: Clock,
    /// Locked while reading, so that callers meanwhile get the new value.
    times: Mutex<Times>,
}

#[derive(Clone, Copy)]
struct Times {
    /// The last try.
    tried: Timestamp,
    /// The last success.
    read: Timestamp,
}

impl<T> Clone for Reloadable<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Reloadable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.source.as_ref().map_or("fixed", |source| source.secret.name());
        f.debug_tuple("Reloadable").field(&name).finish()
    }
}

impl<T: Send + Sync> Reloadable<T> {
    /// One that never changes.
    pub fn fixed(value: T) -> Self {
        Self(Arc::new(Inner { value: RwLock::new(Arc::new(value)), source: None }))
    }

    /// One whose value was read a moment ago.
    pub fn from_value(
        value: T,
        secrets: Arc<dyn Secrets>,
        secret: Secret,
        clock: Clock,
        parse: impl Fn(&str) -> Result<T, &'static str> + Send + Sync + 'static,
    ) -> Self {
        let now = clock.now();
        let times = Mutex::new(Times { tried: now, read: now });
        let source = Source { secrets, secret, parse: Box::new(parse), clock, times };
        Self(Arc::new(Inner { value: RwLock::new(Arc::new(value)), source: Some(source) }))
    }

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

    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads it again because authentication failed with it. When reading fails, the value stays the one before.
    pub async fn renew(&self) -> Arc<T> {
        self.read_if_older(RENEW_PAUSE, RENEW_PAUSE).await
    }

    /// Reads it again when the last read is longer ago than `age`, [`AGE_MAX`] for instance.
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
        // A read that is cancelled counts as one.
        times.tried = now;
        let slow = |_elapsed| Err(CloudError::new("it took too long"));
        match timeout(READ_MAX, source.fetch()).await.unwrap_or_else(slow) {
            Ok(value) => {
                times.read = now;
                *self.0.value.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
            }
            Err(error) => {
                tracing::error!(%error, secret = source.secret.name(), "A secret could not be read again; the one before stays in use.");
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

/// Parses a secret that is JSON. The parser's own error is left out, because it quotes what it read.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, &'static str> {
    serde_json::from_str(text).map_err(|_quotes| "is not JSON of the right form")
}

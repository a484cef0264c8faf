//! The secrets of a function, read again from time to time before an event: a function lives for hours.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cloud::Reloadable;
use cloud::reloadable::AGE_MAX;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

type Reload = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Clones share the secrets.
#[derive(Clone, Default)]
pub(super) struct Reloads(Arc<Mutex<Vec<Reload>>>);

impl fmt::Debug for Reloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reloads")
    }
}

impl Reloads {
    pub fn add<T: Send + Sync + 'static>(&self, secret: &Reloadable<T>) {
        let secret = secret.clone();
        let reload: Reload = Arc::new(move || {
            let secret = secret.clone();
            async move { drop(secret.refresh_if_older(AGE_MAX).await) }.boxed()
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(reload);
    }

    /// Reads again what is older than [`AGE_MAX`].
    pub async fn reload_old(&self) {
        let reloads = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        join_all(reloads.iter().map(|reload| reload())).await;
    }
}

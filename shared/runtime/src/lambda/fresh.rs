//! The secrets of a function, read again from time to time before an event: a function lives for hours.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cloud::Kept;
use cloud::kept::AGE_MAX;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

type Reload = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// Clones share the secrets.
#[derive(Clone, Default)]
pub(super) struct Fresh(Arc<Mutex<Vec<Reload>>>);

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh")
    }
}

impl Fresh {
    pub fn add<T: Send + Sync + 'static>(&self, secret: &Kept<T>) {
        let secret = secret.clone();
        let reload: Reload = Arc::new(move || {
            let secret = secret.clone();
            async move { drop(secret.refresh_if_older(AGE_MAX).await) }.boxed()
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(reload);
    }

    /// Reads again what is older than [`AGE_MAX`].
    pub async fn look(&self) {
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        join_all(fresh.iter().map(|reload| reload())).await;
    }
}

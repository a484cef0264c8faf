//! Secrets are looked at again now and then, before an event is worked on: a function lives for hours.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cloud::Kept;
use cloud::kept::AGE_MAX;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

type Look = Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>;

/// The secrets of a function. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Fresh(Arc<Mutex<Vec<Look>>>);

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh")
    }
}

impl Fresh {
    /// Looks after this one too.
    pub fn add<T: Send + Sync + 'static>(&self, kept: &Kept<T>) {
        let kept = kept.clone();
        let look: Look = Arc::new(move || {
            let kept = kept.clone();
            async move { drop(kept.refresh_if_older(AGE_MAX).await) }.boxed()
        });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    /// Reads again what has become old.
    pub async fn look(&self) {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        join_all(looks.iter().map(|look| look())).await;
    }
}

//! Limits by key, within this process: so many at once of one source, one at a time of one account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

type Keys = Arc<Mutex<HashMap<Vec<u8>, Arc<Semaphore>>>>;

/// The keys that are in use now; one that nothing uses is forgotten.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    keys: Keys,
}

/// Held by the one whose turn it is.
#[derive(Debug)]
pub struct Turn {
    keys: Keys,
    key: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// One of `most` at once, unless there are so many.
    pub(super) fn try_take(&self, key: &[u8], most: usize) -> Option<Turn> {
        let (mut turn, permits) = self.begin(key, most);
        turn.permit = Some(permits.try_acquire_owned().ok()?);
        Some(turn)
    }

    /// One at a time, in the order of asking.
    pub(super) async fn wait(&self, key: &[u8]) -> Turn {
        let (mut turn, permits) = self.begin(key, 1);
        // The semaphore is never closed, so this is a permit.
        turn.permit = permits.acquire_owned().await.ok();
        turn
    }

    /// The turn forgets the key also when its owner stops waiting.
    fn begin(&self, key: &[u8], most: usize) -> (Turn, Arc<Semaphore>) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let permits = keys.entry(key.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(most)));
        (Turn { keys: Arc::clone(&self.keys), key: key.to_owned(), permit: None }, Arc::clone(permits))
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.keys.lock().unwrap().len()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.permit.take());
        // Whoever holds or waits for a turn of this key has another reference.
        if keys.get(&self.key).is_some_and(|permits| Arc::strong_count(permits) == 1) {
            keys.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_key_is_used_one_at_a_time_and_forgotten_after_the_last() {
        let turns = Turns::default();
        let first = turns.wait(b"a").await;
        let other = turns.wait(b"b").await;
        let mut second = Box::pin(turns.wait(b"a"));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        let second = second.await;
        // Stopped waiting.
        assert!(turns.wait(b"a").now_or_never().is_none());
        assert_eq!(turns.count(), 2);
        drop((second, other));
        assert_eq!(turns.count(), 0);
    }
}

//! A fixed number of hashes at once, in memory that is kept.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::Block;
use tokio::sync::Semaphore;

use crate::kernel::passwords::HashError;

/// Hashes that run at once.
pub(super) const AT_ONCE: usize = 2;

/// What one hash works in. It is never given back to the system: memory of this size that is freed and taken again leaves
/// gaps, and a process that hashes would grow.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<Block>);

impl Memory {
    pub(super) fn of(&mut self, blocks: usize) -> &mut [Block] {
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::new());
        }
        self.0.get_mut(..blocks).unwrap_or_default()
    }
}

/// Runs hashes, each with a permit and memory of its own.
#[derive(Clone, Debug)]
pub(super) struct Hashers {
    at_once: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Memory>>>,
}

impl Default for Hashers {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), idle: Arc::default() }
    }
}

impl Hashers {
    /// Waits for a permit and runs `work` on a thread that may block. Permit, memory and `place` belong to the work and not to
    /// the caller, whose future is dropped when its client hangs up.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        place: impl Send + 'static,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = Arc::clone(&self.at_once).acquire_owned().await.map_err(|_closed| HashError::Failed)?;
        let idle = Arc::clone(&self.idle);
        let hashing = tokio::task::spawn_blocking(move || {
            let mut memory = idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let done = work(&mut memory);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            // Whoever gets the permit finds the place free.
            drop(place);
            drop(permit);
            done
        });
        hashing.await.map_err(|_panicked| HashError::Failed)
    }

    /// Waits until no hash runs, and returns how many ran at once: each had a memory of its own.
    #[cfg(test)]
    pub(super) async fn most_at_once(&self) -> usize {
        // Permits are given in order, so this comes after every hash that was begun.
        let every = u32::try_from(AT_ONCE).unwrap();
        let _none_runs = self.at_once.acquire_many(every).await.unwrap();
        self.idle.lock().unwrap().len()
    }
}

//! Updates on their way to the receiver.

use std::collections::{BTreeSet, HashMap};

use tokio::sync::oneshot;

use crate::record::Rest;
use crate::update::{Notice, Update};

#[derive(Default)]
pub(crate) struct Updates {
    /// Not yet answered with 200, by their ids.
    pending: HashMap<u64, Update>,
    /// Due time and id of the pending updates that are not in a POST yet.
    queue: BTreeSet<(u64, u64)>,
    next_id: u64,
    waiters: HashMap<u64, oneshot::Sender<()>>,
    /// Answered with 200 since the last reset.
    pub(crate) delivered: u64,
    pub(crate) last_error: Option<String>,
    /// Changes with every reset, so that POSTs from before it are given up.
    pub(crate) generation: u64,
}

impl Updates {
    pub(super) fn queue(&mut self, updates: Vec<Update>) {
        for update in updates {
            self.next_id = self.next_id.max(update.id + 1);
            self.queue.insert((update.due_ms, update.id));
            self.pending.insert(update.id, update);
        }
    }

    pub(super) fn close(&mut self, id: u64) {
        if let Some(update) = self.pending.remove(&id) {
            self.queue.remove(&(update.due_ms, id));
            self.delivered += 1;
        }
        if let Some(waiter) = self.waiters.remove(&id) {
            // The caller may have stopped waiting.
            waiter.send(()).ok();
        }
    }

    pub(super) fn reset(&mut self) {
        *self = Self { next_id: self.next_id, generation: self.generation + 1, ..Self::default() };
    }

    /// Those in a POST too.
    pub(super) fn all_pending(&self) -> Vec<Update> {
        self.pending.values().cloned().collect()
    }

    pub(super) fn add_to(&self, rest: &mut Rest) {
        (rest.next_update_id, rest.delivered) = (self.next_id, self.delivered);
    }

    pub(super) fn put_rest(&mut self, rest: &Rest) {
        (self.next_id, self.delivered) = (rest.next_update_id, rest.delivered);
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// New updates of one record, all of which happen and are sent at the same time.
    pub(crate) fn create(&self, notices: impl IntoIterator<Item = Notice>, at_ms: u64) -> Vec<Update> {
        let ids = self.next_id..;
        ids.zip(notices).map(|(id, notice)| Update { id, due_ms: at_ms, event_ms: at_ms, notice }).collect()
    }

    /// When the next update is due.
    pub(crate) fn next_due_ms(&self) -> Option<u64> {
        self.queue.first().map(|(due_ms, _id)| *due_ms)
    }

    /// Takes due updates out of the queue; they stay pending until [`crate::record::Record::Delivered`].
    pub(crate) fn take_due(&mut self, now_ms: u64, max: usize) -> Vec<Update> {
        let mut taken = Vec::new();
        while taken.len() < max {
            let Some(key) = self.queue.first().copied().filter(|(due_ms, _id)| *due_ms <= now_ms) else {
                break;
            };
            self.queue.remove(&key);
            taken.extend(self.pending.get(&key.1).cloned());
        }
        taken
    }

    /// Updates that the receiver has not answered with 200.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Resolves when the update is delivered, or at once when it is not pending.
    pub(crate) fn wait_for(&mut self, id: u64) -> oneshot::Receiver<()> {
        let (delivered, wait) = oneshot::channel();
        if self.pending.contains_key(&id) {
            self.waiters.insert(id, delivered);
        }
        // Otherwise the sender is dropped here, which resolves the receiver as well.
        wait
    }
}

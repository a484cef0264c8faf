//! Accepted messages: the oracle, which tests compare with what the product believes it has sent.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock;
use crate::record::{Acceptance, Rest};

/// Free service messages of a number per month (Meta: pricing from October 2026).
const FREE_SERVICE_MESSAGES: u64 = 1_000;

#[derive(Default)]
pub(crate) struct Messages {
    acceptances: Vec<Arc<Acceptance>>,
    /// Index of the last acceptance before the last reset, or of the last that is forgotten.
    index_at_reset: u64,
    index_by_wamid: HashMap<String, u64>,
    /// By phone number id.
    last_wamids: HashMap<String, String>,
    /// By phone number id and month.
    service_counts: HashMap<(String, String), u64>,
}

impl Messages {
    pub(super) fn put(&mut self, acceptance: Acceptance) {
        self.index_by_wamid.insert(acceptance.wamid.clone(), acceptance.index);
        self.last_wamids.insert(acceptance.phone_number_id.clone(), acceptance.wamid.clone());
        if acceptance.category == "service" {
            let key = (acceptance.phone_number_id.clone(), clock::month(acceptance.time_ms));
            *self.service_counts.entry(key).or_default() += 1;
        }
        self.acceptances.push(Arc::new(acceptance));
    }

    pub(super) fn reset(&mut self) {
        *self = Self { index_at_reset: self.last_index(), ..Self::default() };
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Acceptance>> {
        self.acceptances.iter()
    }

    /// Leaves the newest `max`.
    pub(super) fn forget_oldest(&mut self, max: usize) {
        let forgotten = self.acceptances.len().saturating_sub(max);
        for acceptance in self.acceptances.drain(..forgotten) {
            self.index_at_reset = acceptance.index;
            // A later message may have the same wamid.
            if self.index_by_wamid.get(&acceptance.wamid) == Some(&acceptance.index) {
                self.index_by_wamid.remove(&acceptance.wamid);
            }
        }
    }

    pub(super) fn add_to(&self, rest: &mut Rest) {
        rest.index_before = self.index_at_reset;
        let counts = self.service_counts.iter();
        rest.service_counts =
            counts.map(|((number, month), count)| (number.clone(), month.clone(), *count)).collect();
    }

    pub(super) fn put_rest(&mut self, rest: &Rest) {
        self.index_at_reset = rest.index_before;
        let counts = rest.service_counts.iter().cloned();
        self.service_counts = counts.map(|(number, month, count)| ((number, month), count)).collect();
    }

    /// The index of the last acceptance, 0 before the first.
    pub(crate) fn last_index(&self) -> u64 {
        self.index_at_reset + u64::try_from(self.acceptances.len()).unwrap_or(0)
    }

    /// Acceptances since the last reset.
    pub(crate) fn count(&self) -> usize {
        self.acceptances.len()
    }

    pub(crate) fn get(&self, index: u64) -> Option<Arc<Acceptance>> {
        let position = index.checked_sub(self.index_at_reset + 1)?;
        self.acceptances.get(usize::try_from(position).ok()?).map(Arc::clone)
    }

    /// The acceptances after an index, `limit` at most.
    pub(crate) fn after(&self, index: u64, limit: usize) -> Vec<Arc<Acceptance>> {
        let skip = usize::try_from(index.saturating_sub(self.index_at_reset)).unwrap_or(usize::MAX);
        self.acceptances.get(skip..).unwrap_or_default().iter().take(limit).map(Arc::clone).collect()
    }

    /// The last acceptance with a wamid.
    pub(crate) fn by_wamid(&self, wamid: &str) -> Option<Arc<Acceptance>> {
        self.get(*self.index_by_wamid.get(wamid)?)
    }

    /// The wamid of the number's last message.
    pub(crate) fn last_wamid(&self, phone_number_id: &str) -> Option<String> {
        self.last_wamids.get(phone_number_id).cloned()
    }

    /// The acceptances of a WABA since the last reset.
    pub(crate) fn of_waba(&self, waba_id: &str) -> impl Iterator<Item = &Arc<Acceptance>> {
        self.acceptances.iter().filter(move |acceptance| acceptance.waba_id == waba_id)
    }

    /// Whether the number has a free service message left this month.
    pub(crate) fn has_free_service_message(&self, phone_number_id: &str, now_ms: u64) -> bool {
        let key = (phone_number_id.to_owned(), clock::month(now_ms));
        self.service_counts.get(&key).copied().unwrap_or_default() < FREE_SERVICE_MESSAGES
    }
}

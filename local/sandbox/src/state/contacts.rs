//! People: when they last wrote, and who stopped marketing messages.

use std::collections::{HashMap, HashSet};

use crate::record::Rest;

/// How long free-form messages are allowed after a person's last message (Meta: customer service windows).
const WINDOW_MS: u64 = 86_400_000;

#[derive(Default)]
pub(crate) struct Contacts {
    /// By phone number id and person.
    last_inbound_ms: HashMap<(String, String), u64>,
    /// By WABA and person.
    stopped_marketing: HashSet<(String, String)>,
}

impl Contacts {
    pub(super) fn put_inbound(&mut self, phone_number_id: &str, person_ids: Vec<String>, at_ms: u64) {
        for person in person_ids {
            self.last_inbound_ms.insert((phone_number_id.to_owned(), person), at_ms);
        }
    }

    pub(super) fn put_preference(&mut self, waba_id: String, person: String, stopped: bool) {
        let key = (waba_id, person);
        if stopped {
            self.stopped_marketing.insert(key);
        } else {
            self.stopped_marketing.remove(&key);
        }
    }

    pub(super) fn add_to(&self, rest: &mut Rest) {
        let inbound = self.last_inbound_ms.iter();
        rest.last_inbound_ms =
            inbound.map(|((number, person), at_ms)| (number.clone(), person.clone(), *at_ms)).collect();
        rest.stopped_marketing = self.stopped_marketing.iter().cloned().collect();
    }

    pub(super) fn put_rest(&mut self, rest: Rest) {
        let inbound = rest.last_inbound_ms.into_iter();
        self.last_inbound_ms = inbound.map(|(number, person, at_ms)| ((number, person), at_ms)).collect();
        self.stopped_marketing = rest.stopped_marketing.into_iter().collect();
    }

    /// Whether the person wrote to the number within the last 24 hours.
    pub(crate) fn has_window(&self, phone_number_id: &str, person: &str, now_ms: u64) -> bool {
        let last_ms = self.last_inbound_ms.get(&(phone_number_id.to_owned(), person.to_owned()));
        last_ms.is_some_and(|last_ms| (*last_ms..last_ms + WINDOW_MS).contains(&now_ms))
    }

    pub(crate) fn has_stopped_marketing(&self, waba_id: &str, person: &str) -> bool {
        self.stopped_marketing.contains(&(waba_id.to_owned(), person.to_owned()))
    }
}

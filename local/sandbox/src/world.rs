//! The state of the sandbox: the fold of its records, plus what need not outlive the process.
//!
//! Whatever has to survive a kill happens by [`World::apply`] alone, live and at replay, so that both end alike.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::oneshot;

use crate::account::Account;
use crate::clock;
use crate::faults::Faults;
use crate::graph::media::Media;
use crate::limits::Limits;
use crate::record::{Acceptance, News, Record, Update};
use crate::template::{Needs, Review, Template};

/// How long a message of a person opens the way for free-form ones (Meta: customer service windows).
const WINDOW_MS: u64 = 86_400_000;
/// How long the name of a deleted template cannot be used again (Meta: template management).
const NAME_LOCK_MS: u64 = 30 * 86_400_000;
/// Service messages of a number that cost nothing in a month (Meta: pricing from October 2026).
const FREE_SERVICES: u64 = 1_000;

/// `POST /sandbox/auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Auto {
    pub(crate) on: bool,
    pub(crate) delay_ms: u64,
    pub(crate) shuffle: bool,
    pub(crate) duplicate: bool,
}

impl Default for Auto {
    fn default() -> Self {
        Self { on: true, delay_ms: 50, shuffle: false, duplicate: false }
    }
}

/// Everything the sandbox knows.
#[derive(Default)]
pub(crate) struct World {
    accounts: BTreeMap<String, Arc<Account>>,
    waba_of: HashMap<Handle, String>,
    numbers: HashSet<String>,
    templates: BTreeMap<u64, Arc<(Template, Needs)>>,
    template_serials: HashMap<String, u64>,
    template_keys: HashMap<TemplateKey, u64>,
    next_template: u64,
    acceptances: Vec<Arc<Acceptance>>,
    /// Index of the first of `acceptances`, minus one.
    forgotten: u64,
    by_wamid: HashMap<String, u64>,
    last_wamid: HashMap<String, String>,
    open: HashMap<u64, Update>,
    queue: BTreeSet<(u64, u64)>,
    next_update: u64,
    /// Updates taken by the receiver since the last reset.
    pub(crate) delivered: u64,
    pub(crate) last_error: Option<String>,
    /// Changes with every reset, so that posts from before it give up.
    pub(crate) generation: u64,
    waiters: HashMap<u64, oneshot::Sender<()>>,
    pub(crate) faults: Faults,
    pub(crate) auto: Auto,
    /// Refusals so far by `+15550000005`, for each number that sends to it.
    pub(crate) throttled: HashMap<String, u8>,
    pub(crate) limits: Limits,
    pub(crate) review: Review,
    /// When a person last wrote to a number.
    heard: HashMap<(String, String), u64>,
    /// Who stopped the marketing messages of a WABA.
    stopped: HashSet<(String, String)>,
    /// Until when a deleted name cannot be used again.
    locked_names: HashMap<TemplateKey, u64>,
    /// Service messages of a number in a month.
    services: HashMap<(String, String), u64>,
    /// Uploaded media by their ids.
    pub(crate) media: HashMap<String, Media>,
}

/// The other names by which an account is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Handle {
    Phone(String),
    Token(String),
    Code(String),
}

type TemplateKey = (String, String, String);

fn template_key(template: &Template) -> TemplateKey {
    (template.waba_id.clone(), template.name.clone(), template.language.clone())
}

impl World {
    /// Changes the state as a record says.
    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Account { account, updates } => {
                self.put_account(account);
                self.put_updates(updates);
            }
            Record::Template { template, updates } => {
                self.put_template(template);
                self.put_updates(updates);
            }
            Record::TemplatesDeleted { ids, at_ms, updates } => {
                for id in &ids {
                    self.drop_template(id, at_ms);
                }
                self.put_updates(updates);
            }
            Record::Accepted { acceptance, updates } => {
                self.put_acceptance(acceptance);
                self.put_updates(updates);
            }
            Record::Ordered { updates } => self.put_updates(updates),
            Record::Heard { phone_number_id, from, at_ms, updates } => {
                for name in from {
                    self.heard.insert((phone_number_id.clone(), name), at_ms);
                }
                self.put_updates(updates);
            }
            Record::Preference { waba_id, from, stopped, updates } => {
                let key = (waba_id, from);
                if stopped {
                    self.stopped.insert(key)
                } else {
                    self.stopped.remove(&key)
                };
                self.put_updates(updates);
            }
            Record::Delivered { ids } => ids.iter().for_each(|id| self.close_update(*id)),
            Record::Reset => self.reset(),
        }
    }

    fn put_account(&mut self, account: Account) {
        let waba = account.waba_id.clone();
        self.waba_of.insert(Handle::Phone(account.phone_number_id.clone()), waba.clone());
        self.waba_of.insert(Handle::Token(account.access_token.clone()), waba.clone());
        self.waba_of.insert(Handle::Code(account.code_hash.clone()), waba.clone());
        self.numbers.insert(account.number.clone());
        self.accounts.insert(waba, Arc::new(account));
    }

    fn put_template(&mut self, template: Template) {
        self.next_template = self.next_template.max(template.serial + 1);
        self.template_serials.insert(template.id.clone(), template.serial);
        self.template_keys.insert(template_key(&template), template.serial);
        let needs = template.needs();
        self.templates.insert(template.serial, Arc::new((template, needs)));
    }

    fn drop_template(&mut self, id: &str, at_ms: u64) {
        let serial = self.template_serials.remove(id);
        if let Some(gone) = serial.and_then(|serial| self.templates.remove(&serial)) {
            let key = template_key(&gone.0);
            self.template_keys.remove(&key);
            if gone.0.status.locks_its_name() {
                self.locked_names.insert(key, at_ms + NAME_LOCK_MS);
            }
        }
    }

    fn put_acceptance(&mut self, acceptance: Acceptance) {
        self.by_wamid.insert(acceptance.wamid.clone(), acceptance.index);
        self.last_wamid.insert(acceptance.phone_number_id.clone(), acceptance.wamid.clone());
        if acceptance.category == "service" {
            let month = (acceptance.phone_number_id.clone(), clock::month(acceptance.time_ms));
            *self.services.entry(month).or_default() += 1;
        }
        self.acceptances.push(Arc::new(acceptance));
    }

    fn put_updates(&mut self, updates: Vec<Update>) {
        for update in updates {
            self.next_update = self.next_update.max(update.id + 1);
            self.queue.insert((update.due_ms, update.id));
            self.open.insert(update.id, update);
        }
    }

    fn close_update(&mut self, id: u64) {
        if let Some(update) = self.open.remove(&id) {
            self.queue.remove(&(update.due_ms, id));
            self.delivered += 1;
        }
        if let Some(waiter) = self.waiters.remove(&id) {
            // Who waited may have given up.
            waiter.send(()).ok();
        }
    }

    fn reset(&mut self) {
        self.forgotten = self.last_index();
        self.acceptances.clear();
        self.by_wamid.clear();
        self.last_wamid.clear();
        self.open.clear();
        self.queue.clear();
        self.waiters.clear();
        self.delivered = 0;
        self.last_error = None;
        self.generation += 1;
        self.faults = Faults::default();
        self.auto = Auto::default();
        self.throttled.clear();
        self.limits = Limits::default();
        self.review = Review::default();
        self.heard.clear();
        self.stopped.clear();
        self.services.clear();
        self.media.clear();
    }

    /// The account of a WABA.
    pub(crate) fn account(&self, waba_id: &str) -> Option<Arc<Account>> {
        self.accounts.get(waba_id).map(Arc::clone)
    }

    /// The account behind another name.
    pub(crate) fn account_by(&self, handle: &Handle) -> Option<Arc<Account>> {
        self.account(self.waba_of.get(handle)?)
    }

    /// All accounts in the order of their ids.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.accounts.values()
    }

    /// Whether a number belongs to some account.
    pub(crate) fn has_number(&self, number: &str) -> bool {
        self.numbers.contains(number)
    }

    /// A template by its id.
    pub(crate) fn template(&self, id: &str) -> Option<Arc<(Template, Needs)>> {
        self.templates.get(self.template_serials.get(id)?).map(Arc::clone)
    }

    /// A template by WABA, name and language.
    pub(crate) fn template_named(
        &self,
        waba: &str,
        name: &str,
        language: &str,
    ) -> Option<Arc<(Template, Needs)>> {
        let key = (waba.to_owned(), name.to_owned(), language.to_owned());
        self.templates.get(self.template_keys.get(&key)?).map(Arc::clone)
    }

    /// Whether a person wrote to a number within the last 24 hours.
    pub(crate) fn has_window(&self, phone_number_id: &str, to: &str, now_ms: u64) -> bool {
        let heard = self.heard.get(&(phone_number_id.to_owned(), to.to_owned()));
        heard.is_some_and(|at| (*at..at + WINDOW_MS).contains(&now_ms))
    }

    /// Whether a person stopped the marketing messages of a WABA.
    pub(crate) fn has_stopped(&self, waba_id: &str, to: &str) -> bool {
        self.stopped.contains(&(waba_id.to_owned(), to.to_owned()))
    }

    /// Whether a name in a language waits to be free again.
    pub(crate) fn is_locked(&self, waba: &str, name: &str, language: &str, now_ms: u64) -> bool {
        let key = (waba.to_owned(), name.to_owned(), language.to_owned());
        self.locked_names.get(&key).is_some_and(|until| now_ms < *until)
    }

    /// Whether one more service message of a number costs nothing this month.
    pub(crate) fn is_free_service(&self, phone_number_id: &str, now_ms: u64) -> bool {
        let month = (phone_number_id.to_owned(), clock::month(now_ms));
        self.services.get(&month).copied().unwrap_or_default() < FREE_SERVICES
    }

    /// The acceptances of a WABA since the last reset.
    pub(crate) fn acceptances_of(&self, waba: &str) -> impl Iterator<Item = &Arc<Acceptance>> {
        self.acceptances.iter().filter(move |acceptance| acceptance.waba_id == waba)
    }

    /// The templates of a WABA, newest last.
    pub(crate) fn templates_of(&self, waba: &str) -> impl DoubleEndedIterator<Item = &Template> {
        self.templates.values().map(|entry| &entry.0).filter(move |template| template.waba_id == waba)
    }

    /// The serial of the next template.
    pub(crate) fn next_template(&self) -> u64 {
        self.next_template
    }

    /// The index of the last acceptance, 0 when there was none.
    pub(crate) fn last_index(&self) -> u64 {
        self.forgotten + u64::try_from(self.acceptances.len()).unwrap_or(0)
    }

    /// How many acceptances there are since the last reset.
    pub(crate) fn acceptance_count(&self) -> usize {
        self.acceptances.len()
    }

    /// One acceptance.
    pub(crate) fn acceptance(&self, index: u64) -> Option<Arc<Acceptance>> {
        let place = index.checked_sub(self.forgotten + 1)?;
        self.acceptances.get(usize::try_from(place).ok()?).map(Arc::clone)
    }

    /// The acceptances after an index, `limit` at most.
    pub(crate) fn acceptances_after(&self, after: u64, limit: usize) -> Vec<Arc<Acceptance>> {
        let skip = usize::try_from(after.saturating_sub(self.forgotten)).unwrap_or(usize::MAX);
        self.acceptances.get(skip..).unwrap_or_default().iter().take(limit).map(Arc::clone).collect()
    }

    /// The acceptance of a wamid; of two with the same, the later.
    pub(crate) fn by_wamid(&self, wamid: &str) -> Option<Arc<Acceptance>> {
        self.acceptance(*self.by_wamid.get(wamid)?)
    }

    /// The wamid that a number was given last.
    pub(crate) fn last_wamid(&self, phone_number_id: &str) -> Option<String> {
        self.last_wamid.get(phone_number_id).cloned()
    }

    /// The id of the next update.
    pub(crate) fn next_update(&self) -> u64 {
        self.next_update
    }

    /// An update about something that happens when it is told; `place` counts the updates of one record.
    pub(crate) fn update(&self, place: u64, told_ms: u64, news: News) -> Update {
        Update { id: self.next_update + place, due_ms: told_ms, event_ms: told_ms, news }
    }

    /// When the next update is due.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.queue.first().map(|(due, _id)| *due)
    }

    /// Takes updates that are due out of the queue; they stay open until [`Record::Delivered`].
    pub(crate) fn take_due(&mut self, now_ms: u64, max: usize) -> Vec<Update> {
        let mut taken = Vec::new();
        while taken.len() < max {
            let Some(key) = self.queue.first().copied().filter(|(due, _id)| *due <= now_ms) else { break };
            self.queue.remove(&key);
            taken.extend(self.open.get(&key.1).cloned());
        }
        taken
    }

    /// Updates that the receiver has not taken.
    pub(crate) fn pending(&self) -> usize {
        self.open.len()
    }

    /// Tells when an update was taken.
    pub(crate) fn wait_for(&mut self, update_id: u64) -> oneshot::Receiver<()> {
        let (told, wait) = oneshot::channel();
        if self.open.contains_key(&update_id) {
            self.waiters.insert(update_id, told);
        }
        // Otherwise it was taken already: the sender is dropped here, which ends the wait as well.
        wait
    }
}

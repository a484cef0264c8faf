//! What every handler shares: the state behind its lock, the journal, and how both change together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::account::Account;
use crate::digest;
use crate::journal::{Journal, JournalUnavailable};
use crate::record::Record;
use crate::state::{AccountKey, State};

/// Acceptances that stay when the journal is written anew.
const ACCEPTANCES_MAX: usize = 100_000;

/// The configuration of the app.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) webhook_url: Option<String>,
    pub(crate) verify_token: String,
    /// `http://` and the address, without a version.
    pub(crate) base_url: String,
}

/// Time and chance, which come from outside.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) now_ms: fn() -> u64,
    /// Makes ids unique across restarts.
    pub(crate) nonce: String,
}

/// The running sandbox.
pub(crate) struct Sandbox {
    pub(crate) app: App,
    pub(crate) journal: Journal,
    pub(crate) client: reqwest::Client,
    /// Notified after every change, which may have queued updates.
    pub(crate) changed: Notify,
    environment: Environment,
    inbound_messages: AtomicU64,
    state: Mutex<State>,
}

impl Sandbox {
    pub(crate) fn new(
        app: App,
        journal: Journal,
        client: reqwest::Client,
        state: State,
        environment: Environment,
    ) -> Self {
        Self {
            app,
            journal,
            client,
            changed: Notify::new(),
            environment,
            inbound_messages: AtomicU64::new(0),
            state: Mutex::new(state),
        }
    }

    /// Locks the state; the lock must not be held across an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides and applies the record under the lock, then waits until it is in the journal. While the journal cannot be
    /// written nothing is decided.
    pub(crate) async fn commit<T, E: From<JournalUnavailable>>(
        &self,
        decide: impl FnOnce(&mut State) -> Result<(Option<Record>, T), E>,
    ) -> Result<T, E> {
        let (pending, value) = {
            self.journal.check()?;
            let mut state = self.state();
            let (record, value) = decide(&mut state)?;
            let Some(record) = record else { return Ok(value) };
            let appended = line(&record)?;
            state.apply(record);
            let pending = self.journal.append(appended);
            if self.journal.is_large() {
                let records = state.condense(ACCEPTANCES_MAX);
                let lines = records.iter().map(line).collect::<Result<Vec<_>, _>>()?;
                self.journal.replace(lines.concat());
            }
            (pending, value)
        };
        pending.written().await?;
        self.changed.notify_one();
        Ok(value)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.environment.now_ms)()
    }

    pub(crate) fn nonce(&self) -> &str {
        &self.environment.nonce
    }

    /// The account of a business token.
    pub(crate) fn account_of_token(&self, token: &str) -> Option<Arc<Account>> {
        self.state().accounts.find(&AccountKey::Token(token.to_owned()))
    }

    /// Whether webhooks about an account are sent.
    pub(crate) fn sends_webhooks(&self, account: &Account) -> bool {
        self.app.webhook_url.is_some() && account.subscribed
    }

    /// The wamid of the accepted message with an index.
    pub(crate) fn wamid(&self, to: &str, index: u64) -> String {
        self.wamid_of(to, &index.to_string())
    }

    /// A new wamid for a message of a person.
    pub(crate) fn inbound_wamid(&self, from: &str) -> String {
        let serial = self.inbound_messages.fetch_add(1, Ordering::Relaxed);
        self.wamid_of(from, &format!("inbound {serial}"))
    }

    fn wamid_of(&self, person: &str, serial: &str) -> String {
        let mut inner =
            format!("\u{1d}\u{18}\u{b}{}\u{15}\u{2}", person.trim_start_matches('+')).into_bytes();
        inner.extend(digest::sha256(&[self.nonce(), serial]).iter().take(16));
        format!("wamid.{}", digest::base64(&inner))
    }
}

/// A record as the journal stores it.
fn line(record: &Record) -> Result<Vec<u8>, JournalUnavailable> {
    let mut line = serde_json::to_vec(record).map_err(|_unwritable| JournalUnavailable)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Acceptance;
    use crate::update::{Notice, Update};

    fn accepted(index: u64) -> Record {
        let acceptance = Acceptance {
            index,
            attempt_id: Some(index.to_string()),
            wamid: format!("wamid.{index}"),
            to: "+15550000001".to_owned(),
            waba_id: "1".to_owned(),
            phone_number_id: "2".to_owned(),
            template: None,
            category: "service".to_owned(),
            free: true,
            time_ms: 1_780_000_000_000,
        };
        let notice = Notice::field("1", "messages", serde_json::Value::Null);
        Record::Accepted { acceptance, updates: vec![Update { id: index, due_ms: 0, event_ms: 0, notice }] }
    }

    fn written_anew(state: &mut State, acceptances_max: usize) -> State {
        let mut again = State::default();
        for record in state.condense(acceptances_max) {
            let line = line(&record).unwrap();
            again.apply(serde_json::from_slice(&line).unwrap());
        }
        again
    }

    #[test]
    fn a_journal_that_is_written_anew_says_the_same_without_what_is_over() {
        let mut state = State::default();
        for index in 1..=10 {
            state.apply(accepted(index));
        }
        state.apply(Record::Delivered { ids: (1..=8).collect() });
        state.apply(Record::Inbound {
            phone_number_id: "2".to_owned(),
            from: vec!["+1".to_owned()],
            at_ms: 5,
            updates: Vec::new(),
        });
        state.apply(Record::Preference {
            waba_id: "1".to_owned(),
            from: "+1".to_owned(),
            stopped: true,
            updates: Vec::new(),
        });
        let again = written_anew(&mut state, 4);
        for state in [&state, &again] {
            assert_eq!((state.messages.last_index(), state.messages.count()), (10, 4));
            assert_eq!(state.messages.by_wamid("wamid.7").map(|one| one.index), Some(7));
            assert!(state.messages.by_wamid("wamid.6").is_none(), "forgotten");
            assert_eq!((state.updates.pending(), state.updates.delivered), (2, 8));
            assert_eq!(state.updates.next_id(), 11);
            assert!(
                state.contacts.has_window("2", "+1", 6) && state.contacts.has_stopped_marketing("1", "+1")
            );
        }
    }
}

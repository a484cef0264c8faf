//! What every handler shares: the state behind its lock, the journal, and how both change together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::account::Account;
use crate::digest;
use crate::journal::{Journal, JournalClosed};
use crate::record::Record;
use crate::state::{AccountKey, State};

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

    /// Decides and applies the record under the lock, then waits until it is in the journal.
    pub(crate) async fn commit<T, E: From<JournalClosed>>(
        &self,
        decide: impl FnOnce(&mut State) -> Result<(Option<Record>, T), E>,
    ) -> Result<T, E> {
        let (pending, value) = {
            let mut state = self.state();
            let (record, value) = decide(&mut state)?;
            let Some(record) = record else { return Ok(value) };
            let mut line = serde_json::to_vec(&record).map_err(|_unwritable| JournalClosed)?;
            line.push(b'\n');
            state.apply(record);
            (self.journal.append(line), value)
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

//! The same call again gets the same answer: what surrounds every operation that creates or spends (I25–I27).

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use domain::problem::Kind;
use domain::{Problem, TenantId, text};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::idempotency::{self, Begun};
use store::{StoreError, SystemTx, TenantTx};
use thiserror::Error;

use crate::kernel::hash::sha256;

/// A call's key: a tenant's text on a route, and a hash of the request. It knows whether the call was answered with what
/// an earlier one stored.
#[derive(Clone, Debug)]
pub struct Key {
    stored: idempotency::Key,
    is_replayed: Arc<AtomicBool>,
}

impl Key {
    /// Notes here that the call was answered with what an earlier one stored.
    #[must_use]
    pub fn noting_replays_in(mut self, is_replayed: Arc<AtomicBool>) -> Self {
        self.is_replayed = is_replayed;
        self
    }

    /// Makes what the body does not hold a part of the request.
    #[must_use]
    pub fn also_for(mut self, part: &[u8]) -> Self {
        let mut request = std::mem::take(&mut self.stored.request_hash);
        request.extend_from_slice(part);
        self.stored.request_hash = sha256(&request);
        self
    }
}

/// Why a key stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The key was used for another request.
    #[error("the idempotency key was used before with a different request; use a new key")]
    Reused,
    /// The same call is being worked on.
    #[error("a request with this idempotency key is still running")]
    Running,
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let kind = match error {
            KeyError::Reused => Kind::KeyReused,
            KeyError::Running => Kind::StillRunning,
        };
        Self::new(kind).with_detail(error)
    }
}

/// The text cannot be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible characters")]
pub struct NotAKey;

impl From<NotAKey> for Problem {
    fn from(error: NotAKey) -> Self {
        Self::field("idempotencyKey", error)
    }
}

/// The key of a call: a tenant's text on a route, with a hash of the request, and the hash that the same request had
/// before, where it had another.
pub fn key(
    tenant: TenantId,
    route: String,
    key: &str,
    request_hash: Vec<u8>,
    legacy_hash: Option<Vec<u8>>,
) -> Result<Key, NotAKey> {
    if !text::is_visible(key, IDEMPOTENCY_KEY_CHARS_MAX) {
        return Err(NotAKey);
    }
    let stored = idempotency::Key { tenant, route, text: key.to_owned(), request_hash, legacy_hash };
    Ok(Key { stored, is_replayed: Arc::default() })
}

/// Does `work`, unless the key shows that it was done: then returns the stored outcome. Without a key it does `work`.
///
/// Effect, key and outcome commit together; a failure leaves no trace of the key, so the caller may try again.
pub async fn once<D, E>(
    tx: &TenantTx,
    key: Option<&Key>,
    work: impl Future<Output = Result<D, E>> + Send,
) -> Result<D, E>
where
    D: Serialize + DeserializeOwned + Send,
    E: From<StoreError> + From<KeyError>,
{
    let Some(key) = key else { return work.await };
    if let Some(earlier) = earlier::<D, E>(tx, key).await? {
        return Ok(earlier);
    }
    let done = work.await?;
    let outcome = serde_json::to_string(&done).map_err(|error| unreadable(&error))?;
    idempotency::finish(tx, &key.stored, &outcome).await?;
    Ok(done)
}

/// Takes the key for this transaction. What an earlier call with it stored, if there was one: then nothing is left to do.
pub async fn earlier<D, E>(tx: &TenantTx, key: &Key) -> Result<Option<D>, E>
where
    D: DeserializeOwned,
    E: From<StoreError> + From<KeyError>,
{
    match idempotency::begin(tx, &key.stored).await? {
        Begun::Running => Err(KeyError::Running.into()),
        Begun::Mismatch => Err(KeyError::Reused.into()),
        Begun::Replay(outcome) => {
            key.is_replayed.store(true, Ordering::Relaxed);
            Ok(Some(serde_json::from_str(&outcome).map_err(|error| unreadable(&error))?))
        }
        Begun::First => Ok(None),
    }
}

fn unreadable(error: &serde_json::Error) -> StoreError {
    StoreError::Inconsistent { table: "idempotency_keys", what: error.to_string() }
}

/// [`once`] in a transaction that spans tenants: the key is its caller's, whatever tenants the work concerns.
pub async fn once_in_system<D, E>(
    tx: &SystemTx,
    key: Option<&Key>,
    work: impl Future<Output = Result<D, E>> + Send,
) -> Result<D, E>
where
    D: Serialize + DeserializeOwned + Send,
    E: From<StoreError> + From<KeyError>,
{
    match key {
        Some(key) => once(&tx.as_tenant(key.stored.tenant), Some(key), work).await,
        None => work.await,
    }
}

//! The same call again gets the same answer: what surrounds every operation that creates or spends (I25–I27).

use std::future::Future;

use domain::TenantId;
use domain::limits::IDEMPOTENCY_KEY_CHARS_MAX;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::idempotency::{self, Begun};
use store::{StoreError, SystemTx, TenantTx};
use thiserror::Error;

pub use store::idempotency::Key;

/// Why a key stops a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The key was used for another request.
    #[error("the idempotency key was used before, with another request")]
    Reused,
    /// The same call is being worked on.
    #[error("a request with this idempotency key is still running")]
    Running,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible characters")]
pub struct NotAKey;

/// The key of a call: a tenant's text on a route, with a hash of what was asked for.
pub fn key(
    tenant: TenantId,
    route: &'static str,
    text: &str,
    request: &impl Serialize,
) -> Result<Key, NotAKey> {
    let fits = !text.is_empty()
        && text.chars().count() <= IDEMPOTENCY_KEY_CHARS_MAX
        && !text.chars().any(char::is_control);
    if !fits {
        return Err(NotAKey);
    }
    // A request that came out of JSON always goes back into it.
    let request = serde_json::to_vec(request).map_err(|_unprintable| NotAKey)?;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &request);
    Ok(Key { tenant, route, text: text.to_owned(), request_hash: hash.as_ref().to_vec() })
}

/// Does `work` unless the key says that it was done: then tells what came out of it. Without a key it just works.
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
    let unreadable = |error: serde_json::Error| StoreError::Inconsistent {
        table: "idempotency_keys",
        what: error.to_string(),
    };
    match idempotency::begin(tx, key).await? {
        Begun::Running => Err(KeyError::Running.into()),
        Begun::Mismatch => Err(KeyError::Reused.into()),
        Begun::Replay(outcome) => Ok(serde_json::from_str(&outcome).map_err(unreadable)?),
        Begun::First => {
            let done = work.await?;
            let outcome = serde_json::to_string(&done).map_err(unreadable)?;
            idempotency::finish(tx, key, &outcome).await?;
            Ok(done)
        }
    }
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
        Some(key) => once(&tx.as_tenant(key.tenant), Some(key), work).await,
        None => work.await,
    }
}

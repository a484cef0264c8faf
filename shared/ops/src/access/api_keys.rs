//! The API keys of a tenant: what its programs call with.

pub mod create;
pub mod revoke;

use domain::Problem;
use domain::limits::LIVE_KEYS_MAX;
use domain::problem::{FieldError, Kind};
use store::StoreError;
use store::access::api_keys;
pub use store::access::api_keys::ApiKey;
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::idempotent::KeyError;
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::KeyReader;
use crate::kernel::platform::Platform;

#[derive(Debug, Error)]
pub enum ApiKeyError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("there is no such API key")]
    NotFound,
    #[error(
        "the account has {LIVE_KEYS_MAX} API keys, the most that it may have: revoke one that is no longer used"
    )]
    TooMany,
    /// It was revoked or has expired since the request began.
    #[error("the API key that asks for it is no longer valid")]
    CallerEnded,
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ApiKeyError> for Problem {
    fn from(error: ApiKeyError) -> Self {
        match error {
            ApiKeyError::Invalid(fields) => Self::invalid(fields),
            ApiKeyError::NotFound => Self::new(Kind::NotFound),
            ApiKeyError::TooMany => Self::new(Kind::NotPossible).with_detail(error),
            ApiKeyError::CallerEnded => Self::new(Kind::Unauthenticated).with_detail(error),
            ApiKeyError::Key(error) => error.into(),
            ApiKeyError::Store(error) => error.into(),
        }
    }
}

/// The tenant's keys older than `before`, newest first, with those that have ended.
pub async fn list(
    platform: &Platform,
    permit: &KeyReader,
    before: Uuid,
    limit: i64,
) -> Result<Vec<ApiKey>, StoreError> {
    platform.store.perform(&platform.act(permit), &ListApiKeys { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_api_keys";
    struct ListApiKeys { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<ApiKey> { api_keys::list(tx, self.before, self.limit) }
}

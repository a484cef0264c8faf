//! What a call that did not work is logged as.

use std::error::Error;

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use domain::with_causes;

use crate::CloudError;

/// AWS' code and words where it answered, and otherwise what was in the way. The SDK's own words for both are "service
/// error" and "dispatch failure".
pub(super) fn refused<E, R>(call: &str, error: &SdkError<E, R>) -> CloudError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => CloudError::new(format!("{call}: {code}: {message}")),
        (Some(code), None) => CloudError::new(format!("{call}: {code}")),
        (None, _) => CloudError::new(format!("{call}: {}", with_causes(error))),
    }
}

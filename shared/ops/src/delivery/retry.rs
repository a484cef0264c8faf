//! Operations that are asked for again until the database answers.

use std::time::Duration;

use domain::{TenantId, with_causes};
use store::{Operation, StoreError};
use tokio::time::{Instant, sleep};

use crate::kernel::platform::Platform;

/// How long the database may be away before an operation is given up: longer than a fail-over takes, and short enough that
/// a function ends before it is ended.
const AWAY_MAX: Duration = Duration::from_secs(15);
/// The first pause between two tries, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Runs an operation as the system until it is answered. A commit whose answer was lost may have taken effect, so the
/// operation must change nothing when it runs a second time.
pub(crate) async fn until_answered<O>(
    platform: &Platform,
    tenant: TenantId,
    operation: &O,
) -> Result<O::Done, StoreError>
where
    O: Operation<Error = StoreError>,
{
    let (begun, (mut pause, longest)) = (Instant::now(), PAUSES);
    loop {
        match platform.store.perform(&platform.as_system(tenant), operation).await {
            Err(error @ StoreError::Unavailable(_)) if begun.elapsed() < AWAY_MAX => {
                let operation = O::NAME;
                tracing::warn!(
                    error = with_causes(&error),
                    operation,
                    "The database did not answer; trying again."
                );
                sleep(pause).await;
                pause = longest.min(pause * 2);
            }
            outcome => return outcome,
        }
    }
}

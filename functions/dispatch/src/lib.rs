//! Sends what is due: woken by a schedule for a batch, or by the wake-up queue for a tenant.
//!
//! Both go on until nothing is due or the shift ends at `until`, and then ask for another.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::WakeUp;
use domain::Batch;
use jiff::Timestamp;
use ops::Platform;
use ops::dispatch::{DispatchError, dispatch};

/// A schedule fired. Which batch it was named after does not matter: whatever the tenant has due is sent.
pub async fn on_schedule(batch: Batch, platform: &Platform, until: Timestamp) -> Result<(), DispatchError> {
    dispatch(platform, batch.tenant, until).await.map(drop)
}

/// Wake-ups from the queue.
pub async fn on_queue(event: SqsEvent, platform: &Platform, until: Timestamp) -> SqsBatchResponse {
    let is_time = || platform.clock.now() < until;
    let wake = async |wake_up: WakeUp| dispatch(platform, wake_up.tenant, until).await.map(drop);
    runtime::each_record(event, is_time, wake).await
}

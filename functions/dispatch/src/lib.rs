//! Sends what is due: woken by a schedule for a batch, or by the wake-up queue for a tenant.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::WakeUp;
use domain::Batch;
use ops::Platform;
use ops::dispatch::{DispatchError, dispatch};

/// A schedule fired. Which batch it was named after does not matter: whatever the tenant has due is sent.
pub async fn on_schedule(batch: Batch, platform: &Platform) -> Result<(), DispatchError> {
    wake(batch.tenant, platform).await
}

/// Wake-ups from the queue.
pub async fn on_queue(event: SqsEvent, platform: &Platform) -> SqsBatchResponse {
    runtime::each_record(event, |wake_up: WakeUp| wake(wake_up.tenant, platform)).await
}

async fn wake(tenant: domain::TenantId, platform: &Platform) -> Result<(), DispatchError> {
    dispatch(platform, tenant, platform.clock.now() + platform.waits.shift).await.map(drop)
}

//! Meta's updates from the queue, applied.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use domain::update::UpdateBatch;
use jiff::Timestamp;
use ops::Platform;
use ops::apply_statuses::apply_updates;

/// Updates from the queue; a record that fails is delivered again, and what it holds is applied once however often.
pub async fn on_queue(event: SqsEvent, platform: &Platform, until: Timestamp) -> SqsBatchResponse {
    let is_time = || platform.clock.now() < until;
    runtime::each_record(event, is_time, |batch: UpdateBatch| apply_updates(platform, batch.updates)).await
}

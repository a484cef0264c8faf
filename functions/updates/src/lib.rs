//! Meta's updates from the queue, applied.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::Queue;
use domain::updates::UpdateBatch;
use jiff::Timestamp;
use ops::Platform;
use ops::updates::apply::apply_updates;
use runtime::{RecordOutcome, Records};

/// Records that are applied in one go: Meta sends many statuses alone, and a transaction costs the same for twenty.
const RECORDS_AT_ONCE: usize = 20;

/// Updates from the queue; a record that fails is delivered again, and what it holds is applied once however often.
pub async fn on_queue(event: SqsEvent, platform: &Platform, until: Timestamp) -> SqsBatchResponse {
    let is_time = || platform.clock.now() < until;
    let apply = |batches: Vec<UpdateBatch>| {
        let updates = batches.into_iter().flat_map(|batch| batch.updates).collect();
        async move { apply_updates(platform, updates).await.map(|_applied| RecordOutcome::Done) }
    };
    let records = Records { event, queue: Queue::Updates, queues: &*platform.cloud.queues };
    runtime::records_together(records, is_time, RECORDS_AT_ONCE, apply).await
}

//! Owed refunds from the queue, paid.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{Queue, RefundJob};
use jiff::Timestamp;
use ops::Platform;
use ops::billing::refund::refund;
use runtime::{RecordOutcome, Records};
use store::StoreError;

/// Refund jobs from the queue: one balance lock per job, each debit at most once however often a job comes.
pub async fn on_queue(event: SqsEvent, platform: &Platform, until: Timestamp) -> SqsBatchResponse {
    let is_time = || platform.clock.now() < until;
    let records = Records { event, queue: Queue::Refunds, queues: &*platform.cloud.queues };
    runtime::each_record(records, is_time, |job: RefundJob| pay(job, platform)).await
}

async fn pay(job: RefundJob, platform: &Platform) -> Result<RecordOutcome, StoreError> {
    refund(platform, job.tenant, job.message_ids).await.map(|_paid| RecordOutcome::Done)
}

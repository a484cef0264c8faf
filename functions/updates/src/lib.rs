//! Meta's updates from the queue, applied.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use cloud::{Queue, Reloadable};
use domain::updates::Update;
use jiff::Timestamp;
use meta::MetaApp;
use meta::queued::{QueuedBatch, QueuedError};
use ops::Platform;
use ops::updates::apply::apply_updates;
use runtime::{RecordOutcome, Records};
use store::StoreError;
use thiserror::Error;

/// Records that are applied in one go: Meta sends many statuses alone, and a transaction costs the same for twenty.
const RECORDS_AT_ONCE: usize = 20;

#[derive(Debug, Error)]
enum UpdatesError {
    #[error(transparent)]
    Queued(#[from] QueuedError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Updates from the queue, encrypted with the secret of `app`; a record that fails is delivered again, and what it holds is
/// applied once however often.
pub async fn on_queue(
    event: SqsEvent,
    platform: &Platform,
    app: &Reloadable<MetaApp>,
    until: Timestamp,
) -> SqsBatchResponse {
    let is_time = || platform.clock.now() < until;
    let apply = |batches: Vec<QueuedBatch>| async move {
        let updates = decrypt(batches, app).await?;
        apply_updates(platform, updates).await?;
        Ok::<_, UpdatesError>(RecordOutcome::Done)
    };
    let records = Records { event, queue: Queue::Updates, queues: &*platform.cloud.queues };
    runtime::records_together(records, is_time, RECORDS_AT_ONCE, apply).await
}

/// What cannot be decrypted may be with a secret that was changed a moment ago.
async fn decrypt(batches: Vec<QueuedBatch>, app: &Reloadable<MetaApp>) -> Result<Vec<Update>, QueuedError> {
    let all = QueuedBatch { updates: batches.into_iter().flat_map(|batch| batch.updates).collect() };
    match all.clone().decrypt(&app.get().secrets()) {
        Err(QueuedError::OtherSecret) => all.decrypt(&app.renew().await.secrets()),
        known => known,
    }
}

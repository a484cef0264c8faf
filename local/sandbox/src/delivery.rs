//! Sends the updates that are due to the receiver until it has taken every one of them.
//!
//! Updates that are due within a few milliseconds of each other share a POST. A POST that is not answered with
//! exactly 200 is sent again, for as long as the sandbox runs; a receiver that was killed gets everything when it
//! is back. An update may come twice (the answer was lost, or the sandbox was killed before it noted the answer),
//! and the order of POSTs is not kept: Meta promises neither.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::clock;
use crate::digest;
use crate::journal::JournalClosed;
use crate::record::{News, Record, Update};
use crate::sandbox::Sandbox;
use crate::world::World;

mod payload;

use payload::{Message, Told};

/// Updates of one POST.
const BATCH_UPDATES_MAX: usize = 100;
/// POSTs under way at one time.
const POSTS_MAX: usize = 8;
/// How long a due update waits for company.
const GATHER_MS: u64 = 5;
/// Pause after the first failure, doubled up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_LONGEST: Duration = Duration::from_secs(2);

struct Batch {
    ids: Vec<u64>,
    body: Bytes,
    generation: u64,
}

/// Runs until `stop` turns true; POSTs under way are dropped then.
pub(crate) async fn run(sandbox: Arc<Sandbox>, mut stop: watch::Receiver<bool>) {
    let Some(url) = sandbox.app.webhook_url.clone() else { return };
    tokio::select! {
        () = post_what_is_due(&sandbox, &url) => {}
        // An error means the sandbox is gone altogether.
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn post_what_is_due(sandbox: &Arc<Sandbox>, url: &str) {
    let permits = Arc::new(Semaphore::new(POSTS_MAX));
    let mut posts = JoinSet::new();
    loop {
        until_due(sandbox).await;
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        // What is told must be in the journal first, or a kill would leave a status without its acceptance.
        if sandbox.journal.barrier().written().await.is_err() {
            return;
        }
        if let Some(batch) = take_batch(sandbox) {
            posts.spawn(post(Arc::clone(sandbox), url.to_owned(), batch, permit));
        }
        while posts.try_join_next().is_some() {}
    }
}

async fn until_due(sandbox: &Sandbox) {
    loop {
        // The guard must be gone before the wait.
        let due = sandbox.world().next_due();
        let now = clock::now_ms();
        let wait = match due {
            Some(due) if due + GATHER_MS <= now => return,
            Some(due) => Duration::from_millis(due + GATHER_MS - now),
            None => Duration::from_hours(1),
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = sandbox.queued.notified() => {}
        }
    }
}

fn take_batch(sandbox: &Sandbox) -> Option<Batch> {
    let mut world = sandbox.world();
    let updates = world.take_due(clock::now_ms(), BATCH_UPDATES_MAX);
    let ids: Vec<u64> = updates.iter().map(|update| update.id).collect();
    let told: Vec<Told> = updates.into_iter().filter_map(|update| tell(&world, update)).collect();
    let generation = world.generation;
    drop(world);
    if told.is_empty() {
        return None;
    }
    Some(Batch { ids, body: Bytes::from(payload::body(&told).to_string()), generation })
}

/// An update with everything its payload says.
fn tell(world: &World, update: Update) -> Option<Told> {
    match update.news {
        News::Template(news) => Some(Told::Template { news, event_ms: update.event_ms }),
        News::Field(news) => Some(Told::Field { news, event_ms: update.event_ms }),
        News::Status(status) => {
            let acceptance = world.acceptance(status.index)?;
            let account = world.account(&acceptance.waba_id)?;
            Some(Told::Message(Message { status, event_ms: update.event_ms, acceptance, account }))
        }
    }
}

async fn post(sandbox: Arc<Sandbox>, url: String, batch: Batch, permit: OwnedSemaphorePermit) {
    let signature = format!("sha256={}", digest::hmac_hex(&sandbox.app.secret, &batch.body));
    let mut pause = PAUSE_FIRST;
    while sandbox.world().generation == batch.generation {
        let sent = sandbox
            .client
            .post(&url)
            .header("content-type", "application/json")
            .header("user-agent", "facebookexternalua")
            .header("x-hub-signature-256", &signature)
            .body(batch.body.clone())
            .send()
            .await;
        let trouble = match sent {
            Ok(answer) if answer.status().as_u16() == 200 => break,
            Ok(answer) => format!("the receiver answered {}", answer.status().as_u16()),
            Err(error) => format!("the receiver did not answer: {error}"),
        };
        tracing::debug!(trouble, "a webhook will be sent again");
        sandbox.world().last_error = Some(trouble);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_LONGEST);
    }
    drop(permit);
    note(&sandbox, batch).await;
}

/// Notes in the journal what was taken. When that fails the sandbox is stopping, and will tell it again.
async fn note(sandbox: &Sandbox, batch: Batch) {
    let noted = sandbox.commit(|world| {
        let current = world.generation == batch.generation;
        Ok::<_, JournalClosed>((current.then_some(Record::Delivered { ids: batch.ids }), ()))
    });
    if let Err(error) = noted.await {
        tracing::debug!(%error, "delivered updates could not be noted");
    }
}

//! Sends due updates to the receiver until it has answered 200 for each of them.
//!
//! Updates that are due within a few milliseconds of each other share a POST. A POST that is not answered with
//! exactly 200 is repeated for as long as the sandbox runs, so a receiver that was down gets everything when it is
//! back. An update may arrive twice (the answer was lost, or the sandbox was killed before it recorded the answer), and
//! POSTs may arrive in any order: Meta promises neither.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::digest;
use crate::journal::JournalUnavailable;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::state::State;
use crate::update::{Notice, Update};

mod payload;

use payload::{Event, StatusEvent};

const UPDATES_PER_POST_MAX: usize = 100;
const CONCURRENT_POSTS_MAX: usize = 8;
/// How long a due update waits for others to share its POST.
const GATHER_MS: u64 = 5;
/// Pause after the first failed POST; it doubles with every further one.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);

struct Batch {
    ids: Vec<u64>,
    body: Bytes,
    generation: u64,
}

/// Runs until `stop` is true, then drops the POSTs under way.
pub(crate) async fn run(sandbox: Arc<Sandbox>, mut stop: watch::Receiver<bool>) {
    let Some(url) = sandbox.app.webhook_url.clone() else { return };
    tokio::select! {
        () = post_due_updates(&sandbox, &url) => {}
        // An error means that the sandbox was dropped.
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn post_due_updates(sandbox: &Arc<Sandbox>, url: &str) {
    let permits = Arc::new(Semaphore::new(CONCURRENT_POSTS_MAX));
    let mut posts = JoinSet::new();
    loop {
        wait_until_due(sandbox).await;
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        // An update must be in the journal before it is sent, or a kill would leave a status without its acceptance.
        if sandbox.journal.barrier().written().await.is_err() {
            tokio::time::sleep(PAUSE_MAX).await;
            continue;
        }
        if let Some(batch) = take_batch(sandbox) {
            posts.spawn(post(Arc::clone(sandbox), url.to_owned(), batch, permit));
        }
        while posts.try_join_next().is_some() {}
    }
}

async fn wait_until_due(sandbox: &Sandbox) {
    loop {
        let due_ms = sandbox.state().updates.next_due_ms();
        let now_ms = sandbox.now_ms();
        let wait = match due_ms {
            Some(due_ms) if due_ms + GATHER_MS <= now_ms => return,
            Some(due_ms) => Duration::from_millis(due_ms + GATHER_MS - now_ms),
            None => Duration::from_hours(1),
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = sandbox.changed.notified() => {}
        }
    }
}

fn take_batch(sandbox: &Sandbox) -> Option<Batch> {
    let mut state = sandbox.state();
    let updates = state.updates.take_due(sandbox.now_ms(), UPDATES_PER_POST_MAX);
    let ids: Vec<u64> = updates.iter().map(|update| update.id).collect();
    let events: Vec<Event> = updates.into_iter().filter_map(|update| event(&state, update)).collect();
    let generation = state.updates.generation;
    drop(state);
    if events.is_empty() {
        return None;
    }
    Some(Batch { ids, body: Bytes::from(payload::body(&events).to_string()), generation })
}

/// An update with everything that its payload needs.
fn event(state: &State, update: Update) -> Option<Event> {
    let event_ms = update.event_ms;
    match update.notice {
        Notice::Template(notice) => Some(Event::Template { notice, event_ms }),
        Notice::Field(notice) => Some(Event::Field { notice, event_ms }),
        Notice::Status(notice) => {
            let acceptance = state.messages.get(notice.index)?;
            let account = state.accounts.get(&acceptance.waba_id)?;
            Some(Event::Status(StatusEvent { notice, event_ms, acceptance, account }))
        }
    }
}

async fn post(sandbox: Arc<Sandbox>, url: String, batch: Batch, permit: OwnedSemaphorePermit) {
    let signature = format!("sha256={}", digest::hmac_hex(&sandbox.app.secret, &batch.body));
    let mut pause = PAUSE_FIRST;
    while sandbox.state().updates.generation == batch.generation {
        let sent = sandbox
            .client
            .post(&url)
            .header("content-type", "application/json")
            .header("user-agent", "facebookexternalua")
            .header("x-hub-signature-256", &signature)
            .body(batch.body.clone())
            .send()
            .await;
        let failure = match sent {
            Ok(answer) if answer.status().as_u16() == 200 => break,
            Ok(answer) => format!("the receiver answered {}", answer.status().as_u16()),
            Err(error) => format!("the receiver did not answer: {error}"),
        };
        tracing::debug!(failure, "a webhook will be sent again");
        sandbox.state().updates.last_error = Some(failure);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
    drop(permit);
    record_delivered(&sandbox, batch).await;
}

/// An error means that the journal cannot be written, or that the sandbox is stopping; the updates are sent again after
/// the next start.
async fn record_delivered(sandbox: &Sandbox, batch: Batch) {
    let recorded = sandbox.commit(|state| {
        let is_current = state.updates.generation == batch.generation;
        Ok::<_, JournalUnavailable>((is_current.then_some(Record::Delivered { ids: batch.ids }), ()))
    });
    if let Err(error) = recorded.await {
        tracing::debug!(%error, "cannot record which updates were delivered");
    }
}

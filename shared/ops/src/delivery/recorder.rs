//! Records the outcomes of calls beside the sending, so that neither waits for the other.
//!
//! What is answered is recorded within [`RECORD_WITHIN`], whatever its neighbours wait for: a process that dies then leaves
//! few answers behind that only it knew.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use domain::{ClaimId, TenantId, with_causes};
use jiff::Timestamp;
use store::StoreError;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::billing::refund::enqueue_refunds;
use crate::delivery::call_stats::CallStats;
use crate::delivery::record::{Record, Recorded, Sent};
use crate::delivery::retry::until_answered;
use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;
use crate::templates::doubt::is_doubtful;

/// Calls of one number that were begun and are not recorded yet: what a dispatch holds in its memory, and what it may lose.
pub(crate) const IN_FLIGHT_MAX: usize = 1_000;

/// How many outcomes are recorded at once without waiting for more.
const RECORD_MAX: usize = 100;
/// How long an outcome may wait to be recorded together with others. With the commit, it is there after 250 ms.
const RECORD_WITHIN: Duration = Duration::from_millis(200);

/// What happened to the messages of a claim.
pub(crate) enum Progress {
    /// So many were claimed.
    Claimed(ClaimId, usize),
    /// So many are no longer the claim's, and no call was made for them.
    Left(ClaimId, usize),
    /// A call ended. Its place is free when the outcome is recorded.
    Answered { claim: ClaimId, sent: Sent, place: OwnedSemaphorePermit },
}

/// What recording found that the sending must know.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Meta refused the account, which is on hold now.
    is_paused: AtomicBool,
    /// Outcomes could not be recorded.
    has_failed: AtomicBool,
    /// How often a template was put on hold.
    templates_held: AtomicUsize,
}

impl Findings {
    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::Relaxed)
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// A number that changes when a template is put on hold: what was claimed before may be of it.
    pub(crate) fn templates_held(&self) -> usize {
        self.templates_held.load(Ordering::Relaxed)
    }
}

/// The recorder of one number's calls.
pub(crate) struct Recorder<'a> {
    platform: &'a Platform,
    tenant: TenantId,
    stats: &'a CallStats,
    findings: &'a Findings,
    places: Arc<Semaphore>,
    /// How many messages of each claim are not recorded yet.
    open: HashMap<ClaimId, usize>,
    /// Claims that end with the next record.
    closing: Vec<ClaimId>,
    answered: Vec<(ClaimId, Sent)>,
    held: Vec<OwnedSemaphorePermit>,
    /// Since when something waits to be recorded.
    since: Option<Instant>,
    /// Whether something of it says that the messages that follow would be refused too.
    is_urgent: bool,
    /// The second that the tenant was last woken for.
    woken_for: Option<i64>,
    outcome: Result<(), StoreError>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(
        (platform, tenant): (&'a Platform, TenantId),
        stats: &'a CallStats,
        findings: &'a Findings,
        places: Arc<Semaphore>,
    ) -> Self {
        let (open, closing, answered, held) = (HashMap::new(), Vec::new(), Vec::new(), Vec::new());
        let (since, is_urgent, woken_for, outcome) = (None, false, None, Ok(()));
        Self {
            platform,
            tenant,
            stats,
            findings,
            places,
            open,
            closing,
            answered,
            held,
            since,
            is_urgent,
            woken_for,
            outcome,
        }
    }

    /// Records until every call has ended and nothing more can come. An error is the first of those that there were.
    pub(crate) async fn run(mut self, mut progress: UnboundedReceiver<Progress>) -> Result<(), StoreError> {
        loop {
            let next = match self.since {
                None => progress.recv().await,
                Some(since) => match timeout_at(since + RECORD_WITHIN, progress.recv()).await {
                    Ok(next) => next,
                    Err(_elapsed) => {
                        self.record().await;
                        continue;
                    }
                },
            };
            let Some(next) = next else { break };
            self.take(next);
            while let Ok(next) = progress.try_recv() {
                self.take(next);
            }
            if self.is_time() {
                self.record().await;
            }
        }
        self.record().await;
        self.outcome
    }

    fn take(&mut self, progress: Progress) {
        match progress {
            Progress::Claimed(claim, messages) => {
                self.open.insert(claim, messages);
            }
            Progress::Left(claim, messages) => self.settle(claim, messages),
            Progress::Answered { claim, sent, place } => {
                self.stats.count().add(&sent.outcome);
                self.is_urgent |= is_doubtful(&sent.outcome);
                self.since.get_or_insert_with(Instant::now);
                self.answered.push((claim, sent));
                self.held.push(place);
            }
        }
    }

    /// A claim ends with its last message. One of which a message's outcome is not known stays, and the sweeper takes it
    /// over when its lease ends.
    fn settle(&mut self, claim: ClaimId, messages: usize) {
        let Some(open) = self.open.get_mut(&claim) else { return };
        *open = open.saturating_sub(messages);
        if *open == 0 {
            self.open.remove(&claim);
            self.closing.push(claim);
            self.since.get_or_insert_with(Instant::now);
        }
    }

    /// Whether waiting longer would not bring more together, or would be too long.
    fn is_time(&self) -> bool {
        let in_flight = IN_FLIGHT_MAX - self.places.available_permits() - self.held.len();
        let is_old = |since: Instant| since.elapsed() >= RECORD_WITHIN;
        self.since.is_some_and(|since| {
            self.is_urgent || in_flight == 0 || self.answered.len() >= RECORD_MAX || is_old(since)
        })
    }

    async fn record(&mut self) {
        if self.since.take().is_none() {
            return;
        }
        let (answered, places) = (mem::take(&mut self.answered), mem::take(&mut self.held));
        for (claim, _) in &answered {
            self.settle(*claim, 1);
        }
        self.since = None;
        self.is_urgent = false;
        let claims: Vec<ClaimId> = answered.iter().map(|(claim, _)| *claim).collect();
        let record = Record {
            sent: answered.into_iter().map(|(_, sent)| sent).collect(),
            closes: mem::take(&mut self.closing),
            timings: self.platform.timings,
        };
        // Only this process knows what Meta answered: a database that is away for a moment must not make it unknown.
        match until_answered(self.platform, self.tenant, &record).await {
            Ok(recorded) => self.follow(recorded).await,
            Err(error) => {
                for sent in &record.sent {
                    let (error, message_id) = (with_causes(&error), sent.message);
                    tracing::error!(error, %message_id, "The outcome of a message could not be recorded.");
                }
                for claim in claims {
                    self.open.remove(&claim);
                }
                self.findings.has_failed.store(true, Ordering::Relaxed);
                self.outcome = mem::replace(&mut self.outcome, Ok(())).and(Err(error));
            }
        }
        drop(places);
    }

    async fn follow(&mut self, recorded: Recorded) {
        let Recorded { again_at, promised, is_paused, is_template_held } = recorded;
        if is_template_held {
            self.findings.templates_held.fetch_add(1, Ordering::Relaxed);
        }
        if is_paused {
            self.findings.is_paused.store(true, Ordering::Relaxed);
        }
        enqueue_refunds(self.platform, self.tenant, promised).await;
        let is_new = |at: &Timestamp| self.woken_for != Some(at.as_second());
        if let Some(at) = again_at.filter(is_new) {
            self.woken_for = Some(at.as_second());
            wake(self.platform, self.tenant, at.duration_since(self.platform.clock.now())).await;
        }
    }
}

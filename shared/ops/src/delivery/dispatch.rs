//! Sends one tenant's due messages: per number one dispatcher at a time, claim after claim until nothing is due.

use std::sync::Arc;

use domain::TenantId;
use futures_util::future::{join, join_all};
use jiff::Timestamp;
use store::StoreError;
use store::delivery::leases::{self, DueNumber, Lease};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc};

use crate::delivery::call_stats::{CallCounts, CallStats};
use crate::delivery::calls::{Caller, Calls};
use crate::delivery::claim::Dispatched;
use crate::delivery::number_lease::{Acquire, NumbersDue, Release};
use crate::delivery::rate_limiter::RateLimiter;
use crate::delivery::recorder::{Findings, IN_FLIGHT_MAX, Recorder};
use crate::delivery::retry::until_answered;
use crate::delivery::send::send_due;
use crate::delivery::session::NumberSession;
use crate::kernel::platform::Platform;
use crate::whatsapp::token;

/// Why a dispatch stopped early. The next dispatch or the sweeper finds what it left.
#[derive(Debug, Error)]
pub enum DispatchError {
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends what a tenant has due, from all its numbers at the same time; hands over to another dispatch at `until`. Calls to
/// Meta are counted in `stats`, also when it fails.
#[tracing::instrument(skip_all, fields(%tenant))]
pub async fn dispatch(
    platform: &Platform,
    tenant: TenantId,
    until: Timestamp,
    stats: &CallStats,
) -> Result<Dispatched, DispatchError> {
    let before = stats.calls();
    let due = platform.store.perform(&platform.as_system(tenant), &NumbersDue {}).await?;
    let runs = join_all(due.into_iter().map(|number| run_number(platform, tenant, number, until, stats)));
    let (mut all, mut failed) = (Dispatched::default(), None);
    for run in runs.await {
        match run {
            Ok(run) => all.add(run),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let calls = stats.calls().since(before);
    if all != Dispatched::default() || calls != CallCounts::default() {
        let CallCounts { made, refused, unanswered } = calls;
        let Dispatched { unfunded, forbidden, held } = all;
        tracing::info!(made, refused, unanswered, unfunded, forbidden, held, "Messages were dispatched.");
    }
    failed.map_or(Ok(all), Err)
}

async fn run_number(
    platform: &Platform,
    tenant: TenantId,
    due: DueNumber,
    until: Timestamp,
    stats: &CallStats,
) -> Result<Dispatched, DispatchError> {
    let now = platform.clock.now();
    let lease = Lease { number: due.number.clone(), holder: leases::holder(now) };
    let lease_until = now + platform.timings.lease;
    let acquire = Acquire { lease: lease.clone(), until: lease_until };
    let release = Release { lease: lease.clone(), in_any_case: true };
    let opened = match until_answered(platform, tenant, &acquire).await {
        // The dispatch that holds the number looks once more before it ends.
        Ok(None) => return Ok(Dispatched::default()),
        Ok(Some(account)) => token::decrypt_or_pause(platform, tenant, &account).await,
        Err(error) => Err(error),
    };
    let token = match opened {
        Ok(Some(token)) => token,
        unopened => {
            // Whatever is known of the lease, it is not this dispatch's any more.
            until_answered(platform, tenant, &release).await?;
            return Ok(unopened.map(|_none| Dispatched::default())?);
        }
    };
    let (progress, answered) = mpsc::unbounded_channel();
    let (findings, places) = (Findings::default(), Arc::new(Semaphore::new(IN_FLIGHT_MAX)));
    let recorder = Recorder::new((platform, tenant), stats, &findings, Arc::clone(&places));
    let (meta, clock) = (platform.meta.clone(), platform.clock.clone());
    let caller = Caller { meta, clock, token, from: due.number };
    let session = NumberSession {
        platform,
        tenant,
        lease,
        lease_until,
        until,
        rate: due.messages_per_second,
        rate_limiter: RateLimiter::per_second(due.messages_per_second),
        calls: Calls::new(caller, stats, places, progress),
        findings: &findings,
        dispatched: Dispatched::default(),
    };
    let recording = Box::pin(recorder.run(answered));
    let (sent, all) = join(Box::pin(send_to_the_end(session)), recording).await;
    let dispatched = sent?;
    all?;
    Ok(dispatched)
}

/// Sends what is due, and waits for the calls that are in flight then. An error lets other dispatches have the number at
/// once; what was answered is recorded all the same.
async fn send_to_the_end(mut session: NumberSession<'_>) -> Result<Dispatched, StoreError> {
    let mut outcome = send_due(&mut session).await;
    if outcome.is_err() {
        let released = session.release(true).await;
        outcome = outcome.and(released.map(drop));
    }
    while session.calls.one_ends().await {}
    outcome.map(|()| session.dispatched)
}

//! Sends one tenant's due messages: per number one dispatcher at a time, claim after claim until nothing is due.

use domain::TenantId;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use store::delivery::leases::{self, DueNumber, Lease};
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::delivery::call_stats::{CallCounts, CallStats};
use crate::delivery::claim::Dispatched;
use crate::delivery::rate_limiter::RateLimiter;
use crate::delivery::send::send_claim;
use crate::delivery::session::NumberSession;
use crate::kernel::cipher::CipherError;
use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;
use crate::whatsapp::token;

/// Why a dispatch stopped early. The next dispatch or the sweeper finds what it left.
#[derive(Debug, Error)]
pub enum DispatchError {
    /// The account's token could not be decrypted.
    #[error(transparent)]
    Cipher(#[from] CipherError),
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
        tracing::info!(made, refused, unanswered, all.unfunded, all.forbidden, all.held, "dispatched");
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
    let acquire = Acquire { lease: lease.clone(), until: now + platform.timings.lease };
    let Some(account) = platform.store.perform(&platform.as_system(tenant), &acquire).await? else {
        // The dispatcher that holds the number looks once more before it ends.
        return Ok(Dispatched::default());
    };
    let outcome = async {
        let token = token::decrypt(platform, tenant, &account).await?;
        let rate = due.messages_per_second;
        let mut session = NumberSession {
            platform,
            tenant,
            number: due.number,
            token,
            rate,
            rate_limiter: RateLimiter::per_second(rate),
            stats,
            dispatched: Dispatched::default(),
        };
        send_all(&mut session, &lease, until).await
    }
    .await;
    if outcome.is_err() {
        let release = Release { lease, in_any_case: true };
        platform.store.perform(&platform.as_system(tenant), &release).await?;
    }
    outcome
}

/// Claim after claim, while the lease is ours.
async fn send_all(
    session: &mut NumberSession<'_>,
    lease: &Lease,
    until: Timestamp,
) -> Result<Dispatched, DispatchError> {
    let platform = session.platform;
    loop {
        let now = platform.clock.now();
        if now >= until || platform.is_closing() {
            session.perform(&Release { lease: lease.clone(), in_any_case: true }).await?;
            wake(platform, session.tenant, SignedDuration::ZERO).await;
            return Ok(session.dispatched);
        }
        let lease_until = now + platform.timings.lease;
        let (claim_id, claim) = session.claim(lease_until).await?;
        if claim.is_empty() {
            let release = Release { lease: lease.clone(), in_any_case: false };
            if !session.perform(&release).await? {
                return Ok(session.dispatched);
            }
        }
        if !claim.funded.is_empty() {
            let report = send_claim(session, (claim_id, lease_until), claim.funded).await?;
            if let Some(again_at) = report.again_at {
                wake(platform, session.tenant, again_at.duration_since(platform.clock.now())).await;
            }
            if report.is_paused {
                session.perform(&Release { lease: lease.clone(), in_any_case: true }).await?;
                return Ok(session.dispatched);
            }
        }
        let renew = Renew { lease: lease.clone(), until: platform.clock.now() + platform.timings.lease };
        if !session.perform(&renew).await? {
            tracing::warn!(number = %lease.number, "the number's lease was lost to another dispatcher");
            return Ok(session.dispatched);
        }
    }
}

one_statement! {
    const NAME: &'static str = "numbers_due";
    struct NumbersDue {}
    fn run(&self, tx) -> Vec<DueNumber> { leases::numbers_due(tx) }
}

struct Acquire {
    lease: Lease,
    until: Timestamp,
}

impl Operation for Acquire {
    const NAME: &'static str = "acquire_number";
    /// The account to send through, when the lease was free.
    type Done = Option<Account>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Option<Account>, StoreError> {
        let account = accounts::of_number(tx, &self.lease.number).await?;
        let Some(account) = account else {
            return Ok(None);
        };
        Ok(leases::acquire(tx, &self.lease, self.until).await?.then_some(account))
    }
}

one_statement! {
    const NAME: &'static str = "renew_number";
    struct Renew { lease: Lease, until: Timestamp }
    fn run(&self, tx) -> bool { leases::renew(tx, &self.lease, self.until) }
}

one_statement! {
    const NAME: &'static str = "release_number";
    struct Release { lease: Lease, in_any_case: bool }
    fn run(&self, tx) -> bool { leases::release(tx, &self.lease, self.in_any_case) }
}

//! One tenant's due messages, sent: per number one dispatcher at a time, chunk after chunk until nothing is due.

use domain::{ClaimId, TenantId};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use store::delivery::claims::{self, Claim, ClaimRequest};
use store::delivery::leases::{self, DueNumber, Lease};
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::delivery::call_stats::{Calls, Tally};
use crate::delivery::rate_limiter::Pace;
use crate::delivery::send::send_chunk;
use crate::delivery::session::Sender;
use crate::kernel::cipher::SealError;
use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;
use crate::whatsapp::token;

/// Seconds of sending in one chunk: long enough that the commits around it do not matter, short enough that its lease
/// outlives it many times.
const CHUNK_SECONDS: i64 = 5;
/// Messages in one chunk at least and at most.
const CHUNK_MESSAGES: (i64, i64) = (50, 1_000);

/// What a dispatch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dispatched {
    /// Messages that the balance did not cover.
    pub unfunded: usize,
    /// Messages that may never be sent.
    pub forbidden: usize,
    /// Messages that are on hold.
    pub held: usize,
}

/// Why a dispatch stopped early. Whatever it left is found by the next one or by the sweeper.
#[derive(Debug, Error)]
pub enum DispatchError {
    /// The account's token does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sends what a tenant has due, from all its numbers side by side; hands over to the next when its shift ends at `until`.
/// Calls to Meta are counted in `tally`, whatever comes of it.
#[tracing::instrument(skip_all, fields(%tenant))]
pub async fn dispatch(
    platform: &Platform,
    tenant: TenantId,
    until: Timestamp,
    tally: &Tally,
) -> Result<Dispatched, DispatchError> {
    let before = tally.calls();
    let due = platform.store.perform(&platform.as_system(tenant), &NumbersDue {}).await?;
    let runs = join_all(due.into_iter().map(|number| run_number(platform, tenant, number, until, tally)));
    let (mut all, mut failed) = (Dispatched::default(), None);
    for run in runs.await {
        match run {
            Ok(run) => {
                all.unfunded += run.unfunded;
                all.forbidden += run.forbidden;
                all.held += run.held;
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let calls = tally.calls().since(before);
    if all != Dispatched::default() || calls != Calls::default() {
        let Calls { made, refused, unanswered } = calls;
        tracing::info!(made, refused, unanswered, all.unfunded, all.forbidden, all.held, "dispatched");
    }
    failed.map_or(Ok(all), Err)
}

async fn run_number(
    platform: &Platform,
    tenant: TenantId,
    due: DueNumber,
    until: Timestamp,
    tally: &Tally,
) -> Result<Dispatched, DispatchError> {
    let now = platform.clock.now();
    let lease = Lease { number: due.number.clone(), holder: leases::holder(now) };
    let acquire = Acquire { lease: lease.clone(), until: now + platform.waits.lease };
    let Some(account) = platform.store.perform(&platform.as_system(tenant), &acquire).await? else {
        // Its holder was told that somebody came, and looks once more before it goes.
        return Ok(Dispatched::default());
    };
    let outcome = async {
        let token = token::decrypt(platform, tenant, &account).await?;
        let rate = due.messages_per_second;
        let mut sender =
            Sender { platform, tenant, number: due.number, token, rate, pace: Pace::per_second(rate), tally };
        send_all(&mut sender, &lease, until).await
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
    sender: &mut Sender<'_>,
    lease: &Lease,
    until: Timestamp,
) -> Result<Dispatched, DispatchError> {
    let platform = sender.platform;
    let mut all = Dispatched::default();
    loop {
        let now = platform.clock.now();
        if now >= until || platform.is_closing() {
            platform
                .store
                .perform(
                    &platform.as_system(sender.tenant),
                    &Release { lease: lease.clone(), in_any_case: true },
                )
                .await?;
            wake(platform, sender.tenant, SignedDuration::ZERO).await;
            return Ok(all);
        }
        let lease_until = now + platform.waits.lease;
        let (claim_id, taken) = claim(sender, now, lease_until).await?;
        if taken.is_empty() {
            let release = Release { lease: lease.clone(), in_any_case: false };
            if !platform.store.perform(&platform.as_system(sender.tenant), &release).await? {
                return Ok(all);
            }
        }
        all.unfunded += taken.unfunded;
        all.forbidden += taken.forbidden;
        all.held += taken.held;
        if !taken.funded.is_empty() {
            let report = send_chunk(sender, (claim_id, lease_until), taken.funded).await?;
            if let Some(again_at) = report.again_at {
                wake(platform, sender.tenant, again_at.duration_since(platform.clock.now())).await;
            }
            if report.is_paused {
                platform
                    .store
                    .perform(
                        &platform.as_system(sender.tenant),
                        &Release { lease: lease.clone(), in_any_case: true },
                    )
                    .await?;
                return Ok(all);
            }
        }
        let renew = Renew { lease: lease.clone(), until: platform.clock.now() + platform.waits.lease };
        if !platform.store.perform(&platform.as_system(sender.tenant), &renew).await? {
            tracing::warn!(number = %lease.number, "the number's lease was lost to another dispatcher");
            return Ok(all);
        }
    }
}

async fn claim(
    sender: &Sender<'_>,
    now: Timestamp,
    lease_until: Timestamp,
) -> Result<(ClaimId, Claim), StoreError> {
    let (least, most) = CHUNK_MESSAGES;
    let claim_id = ClaimId::at(now);
    let chunk = ClaimRequest {
        number: sender.number.clone(),
        claim_id,
        limit: (i64::from(sender.rate) * CHUNK_SECONDS).clamp(least, most),
        lease_until,
    };
    let taken =
        sender.platform.store.perform(&sender.platform.as_system(sender.tenant), &ClaimDue { chunk }).await?;
    Ok((claim_id, taken))
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
    /// The account to send through, when the lease was got and the account is not paused.
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

/// Takes a chunk under the balance lock: see `store::delivery::claims`.
pub struct ClaimDue {
    /// Which.
    pub chunk: ClaimRequest,
}

impl Operation for ClaimDue {
    const NAME: &'static str = "claim";
    type Done = Claim;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Claim, StoreError> {
        claims::claim(tx, &self.chunk).await
    }
}

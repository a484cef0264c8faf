//! Whatever a lost event left behind, found in the rows and set going again. Runs every minute, anywhere, as often as
//! it likes.

use std::collections::BTreeSet;

use domain::access::email::EmailProof;
use domain::billing::RefundReason;
use domain::messages::{DispatchState, Event, Transition};
use domain::{ClaimId, MessageId, TenantId, with_causes};
use jiff::{SignedDuration, Timestamp};
use store::access::{email_changes, email_proofs, email_requests, links, sessions, throttle};
use store::billing::refunds;
use store::billing::seals;
use store::billing::wallet;
use store::delivery::states;
use store::holds;
use store::privacy::tenant as tenant_erasure;
use store::templates::checks;
use store::{
    Operation, StoreError, SystemOperation, SystemTx, TenantTx, delivery::claims, emails, idempotency,
    recovery::sweep, tenants,
};
use thiserror::Error;

use crate::access::proof;
use crate::access::sessions::KEPT_FOR;
use crate::billing::refund::enqueue_refunds;
use crate::billing::seal::seal;
use crate::delivery::statuses::look_at_parked;
use crate::kernel::events::{PublishError, publish_events};
use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::{Platform, Timings};
use crate::kernel::wake_up::wake;
use crate::messages::transition;
use crate::privacy::erase_tenant;

/// A batch is forgotten this long after its minute: no transaction can still be adding to it then.
const BATCH_KEPT: SignedDuration = SignedDuration::from_mins(2);

/// How long e-mails stay in the list of those that were sent and not sent.
const EMAILS_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// An e-mail that was neither sent nor tried for so long is given up: longer than all tries of its queue take.
const EMAIL_LOST_AFTER: SignedDuration = SignedDuration::from_hours(48);
const EMAIL_LOST: &str = "its message on the queue was lost";
/// An invitation is forgotten this long after it has expired.
const INVITATION_KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What a sweep found and set going.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Tenants whose wake-up was lost.
    pub overdue: usize,
    /// Chunks whose dispatcher did not come back.
    pub claims: usize,
    /// Refunds whose queue message was lost.
    pub promises: usize,
    /// Unknown messages past their horizon.
    pub unresolved: usize,
    /// Parked statuses that were applied, or that waited too long for their message and are unhandled updates now.
    pub parked: usize,
    /// Tenants with templates about which Meta is to be asked.
    pub templates: usize,
    /// Tenants whose state was followed by the next, in its time.
    pub states: usize,
    /// Closed tenants of which nothing is left to erase.
    pub erased: usize,
    /// Events that had not been published.
    pub events: usize,
    /// Repairs that did not work this time.
    pub failed: usize,
}

impl Swept {
    fn log(&self) {
        let Self { overdue, claims, promises, unresolved, parked, templates, states, erased, events, failed } =
            self;
        tracing::info!(
            overdue,
            claims,
            promises,
            unresolved,
            parked,
            templates,
            states,
            erased,
            events,
            failed,
            "A sweep found work that was left behind."
        );
    }

    fn note(&mut self, tenant: TenantId, outcome: Result<(), StoreError>) {
        if let Err(error) = outcome {
            tracing::error!(error = with_causes(&error), %tenant, "A repair failed; the next sweep tries it again.");
            self.failed += 1;
        }
    }
}

/// Why a sweep did not finish; the next one begins anew.
#[derive(Debug, Error)]
pub enum SweepError {
    /// Events stay in the outbox.
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at everything once. What is not begun by `until` is left to the next sweep.
#[tracing::instrument(skip_all)]
pub async fn sweep(platform: &Platform, until: Timestamp) -> Result<Swept, SweepError> {
    let found = platform.store.perform_system(&platform.system(), &Look::of(platform)).await?;
    let mut swept = Swept {
        overdue: found.overdue.len(),
        claims: found.claims.len(),
        promises: found.promises.iter().map(|(_, messages)| messages.len()).sum(),
        unresolved: found.unresolved.iter().map(|(_, messages)| messages.len()).sum(),
        parked: 0,
        templates: found.templates.len(),
        states: 0,
        erased: 0,
        events: 0,
        failed: 0,
    };
    let is_time = || platform.clock.now() < until;
    for tenant in found.followed.into_iter().take_while(|_| is_time()) {
        let followed = erase_tenant::follow(platform, tenant).await;
        swept.states += usize::from(matches!(followed, Ok(true)));
        swept.note(tenant, followed.map(drop));
    }
    for tenant in found.holds_ended.into_iter().take_while(|_| is_time()) {
        swept.note(tenant, lift_ended(platform, tenant).await);
    }
    for tenant in found.proofs.into_iter().take_while(|_| is_time()) {
        swept.note(tenant, proof::follow_setting(platform, tenant).await);
    }
    // One tenant's trouble must not keep the others waiting: what fails is counted, and found again in a minute.
    for tenant in found.parked.into_iter().take_while(|_| is_time()) {
        let looked = look_at_parked(platform, tenant, until).await;
        swept.parked += looked.as_ref().copied().unwrap_or_default();
        swept.note(tenant, looked.map(drop));
    }
    for (tenant, claim) in found.claims.into_iter().take_while(|_| is_time()) {
        swept.note(tenant, reap(platform, tenant, claim).await);
    }
    for (tenant, messages) in found.unresolved.into_iter().take_while(|_| is_time()) {
        let expire = ExpireUnknown { messages };
        swept.note(tenant, platform.store.perform(&platform.as_system(tenant), &expire).await);
    }
    for (tenant, messages) in found.promises.into_iter().take_while(|_| is_time()) {
        enqueue_refunds(platform, tenant, messages).await;
    }
    let to_wake: BTreeSet<TenantId> = found.overdue.into_iter().chain(found.templates).collect();
    for tenant in to_wake.into_iter().take_while(|_| is_time()) {
        wake(platform, tenant, SignedDuration::ZERO).await;
    }
    swept.events = publish_events(platform, until).await?;
    // Last, because nobody waits for it.
    for tenant in found.unsealed.into_iter().take_while(|_| is_time()) {
        swept.note(tenant, seal(platform, tenant, until).await.map(drop));
    }
    let erasing = platform.store.perform_system(&platform.system(), &FindErasures {}).await?;
    for tenant in erasing.into_iter().take_while(|_| is_time()) {
        let done = erase_tenant::go_on(platform, tenant, until).await;
        swept.erased += usize::from(matches!(done, Ok(true)));
        swept.note(tenant, done.map(drop));
    }
    if swept != Swept::default() {
        swept.log();
    }
    Ok(swept)
}

/// Gives back what an expired chunk holds: what certainly did not leave timings for another attempt, what may have left is
/// unknown.
async fn reap(platform: &Platform, tenant: TenantId, claim: ClaimId) -> Result<(), StoreError> {
    let reap = Reap { claim, timings: platform.timings };
    if let Some(again_at) = platform.store.perform(&platform.as_system(tenant), &reap).await? {
        wake(platform, tenant, again_at.duration_since(platform.clock.now())).await;
    }
    Ok(())
}

struct Found {
    overdue: Vec<TenantId>,
    claims: Vec<(TenantId, ClaimId)>,
    promises: Vec<(TenantId, Vec<MessageId>)>,
    unresolved: Vec<(TenantId, Vec<MessageId>)>,
    parked: Vec<TenantId>,
    templates: Vec<TenantId>,
    holds_ended: Vec<TenantId>,
    /// On hold, or not, in another way than the platform asks for proofs of addresses.
    proofs: Vec<TenantId>,
    unsealed: Vec<TenantId>,
    followed: Vec<TenantId>,
}

struct Look {
    timings: Timings,
    email_proof: EmailProof,
}

impl Look {
    const fn of(platform: &Platform) -> Self {
        Self { timings: platform.timings, email_proof: platform.email_proof }
    }
}

impl SystemOperation for Look {
    const NAME: &'static str = "sweep_look";
    type Done = Found;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Found, StoreError> {
        let (timings, now) = (&self.timings, tx.now());
        sweep::close_batches(tx, now - BATCH_KEPT).await?;
        idempotency::forget_before(tx, now - timings.key_retention).await?;
        sessions::forget_before(tx, now - KEPT_FOR).await?;
        throttle::age(tx).await?;
        forget_emails(tx).await?;
        tenants::invitations::forget_before(tx, now - INVITATION_KEPT).await?;
        Ok(Found {
            overdue: sweep::overdue(tx, now - timings.late).await?,
            claims: sweep::expired_claims(tx).await?,
            promises: sweep::open_promises(tx, now - timings.resend).await?,
            unresolved: sweep::past_horizon(tx, now - timings.horizon_short, now - timings.horizon_long)
                .await?,
            parked: sweep::parked(tx).await?,
            templates: checks::tenants(tx).await?,
            holds_ended: holds::ended(tx).await?,
            proofs: match self.email_proof {
                EmailProof::Required => email_proofs::to_hold(tx).await?,
                EmailProof::Off => email_proofs::to_lift(tx).await?,
            },
            unsealed: seals::unsealed(tx).await?,
            followed: tenants::states::due(tx).await?,
        })
    }
}

async fn forget_emails(tx: &SystemTx) -> Result<(), StoreError> {
    emails::give_up(tx, tx.now() - EMAIL_LOST_AFTER, EMAIL_LOST).await?;
    emails::forget_before(tx, tx.now() - EMAILS_KEPT).await?;
    email_changes::forget_expired(tx).await?;
    email_requests::forget(tx).await?;
    links::forget_expired(tx).await.map(drop)
}

struct Reap {
    claim: ClaimId,
    timings: Timings,
}

impl Operation for Reap {
    const NAME: &'static str = "reap_claim";
    /// When the first of those given back is to be tried again.
    type Done = Option<Timestamp>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Option<Timestamp>, StoreError> {
        wallet::lock(tx).await?;
        let ids = sweep::held_by(tx, self.claim).await?;
        let mut transitions = Vec::with_capacity(ids.len());
        for message in states::lock(tx, &ids).await? {
            // Between the look and the lock its dispatcher may have recorded it.
            if message.claim_id != Some(self.claim) {
                continue;
            }
            let mut transition = Transition::of(message);
            if transition::apply(&mut transition, Event::LeaseOver, RefundReason::Rejected).is_err() {
                continue;
            }
            if transition.message.state == DispatchState::Reserved {
                transition.retry_at = Some(
                    tx.now()
                        + self
                            .timings
                            .backoff_after(transition.message.attempt, transition.message.message_id),
                );
            }
            transitions.push(transition);
        }
        transition::write(tx, &transitions).await?;
        let given_up = transition::owed(&transitions, RefundReason::Rejected);
        if !given_up.is_empty() {
            refunds::pay(tx, &given_up).await?;
        }
        claims::free(tx, &[self.claim]).await?;
        Ok(transitions.iter().filter_map(|transition| transition.retry_at).min())
    }
}

/// Lifts holds whose end has come, and wakes the tenant for what was held.
async fn lift_ended(platform: &Platform, tenant: TenantId) -> Result<(), StoreError> {
    platform.store.perform(&platform.as_system(tenant), &LiftEndedHolds {}).await?;
    wake(platform, tenant, SignedDuration::ZERO).await;
    Ok(())
}

one_statement! {
    const NAME: &'static str = "find_erasures";
    system struct FindErasures {}
    fn run(&self, tx) -> Vec<TenantId> { tenant_erasure::open(tx) }
}

one_statement! {
    const NAME: &'static str = "lift_ended_holds";
    struct LiftEndedHolds {}
    fn run(&self, tx) -> () { holds::lift_ended(tx) }
}

struct ExpireUnknown {
    messages: Vec<MessageId>,
}

impl Operation for ExpireUnknown {
    const NAME: &'static str = "expire_unknown";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        wallet::lock(tx).await?;
        let mut transitions = Vec::with_capacity(self.messages.len());
        for message in states::lock(tx, &self.messages).await? {
            let mut transition = Transition::of(message);
            if transition.from == DispatchState::Unknown
                && transition::apply(&mut transition, Event::HorizonPassed, RefundReason::Unresolved).is_ok()
            {
                transitions.push(transition);
            }
        }
        transition::write(tx, &transitions).await?;
        let unresolved = transition::owed(&transitions, RefundReason::Unresolved);
        refunds::pay(tx, &unresolved).await.map(drop)
    }
}

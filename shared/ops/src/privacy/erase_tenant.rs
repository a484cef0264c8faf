//! A tenant's state is followed by the next one in its time; and one that was closed for its month is erased, some rows at a
//! time. Each transaction writes how far it came, so whoever goes on after it goes on from there.

use domain::billing::RefundReason;
use domain::messages::{DispatchState, Event, Transition};
use domain::tenants::ErasureStep;
use domain::{TenantId, TenantState};
use jiff::Timestamp;
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::delivery::states;
use store::privacy::tenant::{self, Erasure};
use store::{StoreError, SystemOperation, SystemTx, TenantTx, tenants};
use uuid::Uuid;

use crate::kernel::platform::Platform;
use crate::kernel::tenant_state;
use crate::messages::transition;

/// Rows of one transaction: some hundred milliseconds.
const ROWS: i64 = 1_000;
/// Transactions of one call: what is left of a large tenant is for the next sweep, after everything else that it does.
const PARTS_MAX: usize = 200;

/// Puts a tenant into the state that follows, if its time has come; returns whether it did. A tenant whose data is to be
/// erased stays closed until that is done.
pub(crate) async fn follow(platform: &Platform, tenant: TenantId) -> Result<bool, StoreError> {
    platform.store.perform_system(&platform.system(), &FollowState { tenant }).await
}

struct FollowState {
    tenant: TenantId,
}

impl SystemOperation for FollowState {
    const NAME: &'static str = "follow_state";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        let tx = &tx.as_tenant(self.tenant);
        // Under the lock: it may have been changed, or have followed, since it was found.
        let Some(tenant) = tenants::lock(tx).await? else { return Ok(false) };
        let Some((next, after)) = tenant.state.followed_by() else { return Ok(false) };
        if tenant.state_since + after > tx.now() {
            return Ok(false);
        }
        if next == TenantState::Erased {
            return begin(tx).await;
        }
        let reason = format!("it was {} for {} days", tenant.state, after.as_hours() / 24);
        tenant_state::change(tx, next, &reason).await
    }
}

async fn begin(tx: &TenantTx) -> Result<bool, StoreError> {
    if !tenant::begin(tx).await? {
        return Ok(false);
    }
    let entry = NewEntry::new("tenant.begin_erasure", format!("tenant:{}", tx.tenant()), json!({}));
    audit_log::append(tx, &entry).await?;
    Ok(true)
}

/// Goes on erasing a tenant until that is done, or until `until`; returns whether it is done.
pub(crate) async fn go_on(
    platform: &Platform,
    tenant: TenantId,
    until: Timestamp,
) -> Result<bool, StoreError> {
    for _ in 0..PARTS_MAX {
        if platform.clock.now() >= until {
            return Ok(false);
        }
        match platform.store.perform_system(&platform.system(), &EraseTenant { tenant }).await? {
            Part::More => {}
            Part::Done => return Ok(true),
            Part::Elsewhere => return Ok(false),
        }
    }
    Ok(false)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    More,
    Done,
    /// It is finished, or another process is at it.
    Elsewhere,
}

/// One part of an erasure.
struct EraseTenant {
    tenant: TenantId,
}

impl SystemOperation for EraseTenant {
    const NAME: &'static str = "erase_tenant";
    type Done = Part;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Part, StoreError> {
        let tx = &tx.as_tenant(self.tenant);
        let Some(mut erasure) = tenant::lock(tx).await? else { return Ok(Part::Elsewhere) };
        if !part(tx, &mut erasure).await? {
            tenant::go_on(tx, &erasure).await?;
            return Ok(Part::More);
        }
        let Some(next) = erasure.step.next() else {
            finish(tx, &erasure).await?;
            return Ok(Part::Done);
        };
        tenant::go_on(tx, &Erasure { step: next, done_until: None, ..erasure }).await?;
        Ok(Part::More)
    }
}

/// Erases some rows of the step; returns whether that was all of it.
async fn part(tx: &TenantTx, erasure: &mut Erasure) -> Result<bool, StoreError> {
    match erasure.step {
        ErasureStep::Access => tenant::erase_access(tx, ROWS).await,
        ErasureStep::Waiting => {
            let cancelled = cancel_waiting(tx).await?;
            erasure.erased.cancelled += cancelled.unwrap_or_default();
            Ok(cancelled.is_none())
        }
        ErasureStep::Messages => {
            let done = tenant::erase_messages(tx, erasure.done_until, ROWS).await?;
            erasure.erased.messages += count(&done);
            Ok(advance(erasure, &done))
        }
        ErasureStep::Contacts => {
            let done = tenant::erase_contacts(tx, erasure.done_until, ROWS).await?;
            erasure.erased.contacts += count(&done);
            Ok(advance(erasure, &done))
        }
        ErasureStep::Templates => tenant::erase_templates(tx).await.map(|()| true),
        ErasureStep::Updates => tenant::erase_updates(tx, ROWS).await,
        ErasureStep::Identity => tenant::erase_identity(tx).await.map(|()| true),
    }
}

fn count(done: &[Uuid]) -> i64 {
    i64::try_from(done.len()).unwrap_or(i64::MAX)
}

/// Notes the last row that is done; returns whether there are no more.
fn advance(erasure: &mut Erasure, done: &[Uuid]) -> bool {
    erasure.done_until = done.last().copied().or(erasure.done_until);
    count(done) < ROWS
}

/// Cancels messages that were not sent, and promises the refund of what was debited; the sweep sends it on its way. `None` when
/// nothing waits any more.
async fn cancel_waiting(tx: &TenantTx) -> Result<Option<i64>, StoreError> {
    let waiting = tenant::take_waiting(tx, ROWS).await?;
    if waiting.is_empty() {
        tenant::erase_batches(tx).await?;
        return Ok(None);
    }
    let mut transitions = Vec::with_capacity(waiting.len());
    for message in states::lock(tx, &waiting).await? {
        if !matches!(message.state, DispatchState::Pending | DispatchState::Reserved) {
            continue;
        }
        let mut transition = Transition::of(message);
        if transition::apply(&mut transition, Event::Withdrawn, RefundReason::Withdrawn).is_ok() {
            transitions.push(transition);
        }
    }
    transition::write(tx, &transitions).await?;
    Ok(Some(i64::try_from(transitions.len()).unwrap_or(i64::MAX)))
}

/// With the last part the tenant is erased.
async fn finish(tx: &TenantTx, erasure: &Erasure) -> Result<(), StoreError> {
    tenant_state::change(tx, TenantState::Erased, "its month to come back is over").await?;
    tenant::finish(tx).await?;
    let erased = erasure.erased;
    let detail = json!({
        "cancelled": erased.cancelled, "messages": erased.messages, "contacts": erased.contacts,
        "begunAt": erasure.begun_at,
    });
    let entry = NewEntry::new("tenant.erase", format!("tenant:{}", tx.tenant()), detail);
    audit_log::append(tx, &entry).await.map(drop)
}

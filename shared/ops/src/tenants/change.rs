//! The platform's owner changes a tenant: its plan, its state, its name, its margin.

use domain::holds::{HoldReason, HoldTarget};
use domain::limits::{MARGIN_BPS_MAX, STATE_REASON_CHARS_MAX};
use domain::problem::{FieldError, Kind};
use domain::tenants::StateConflict;
use domain::{Problem, TenantId, TenantState, text};
use jiff::SignedDuration;
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::tenants::plans::{self, NamedPlan};
use store::tenants::{self, Tenant};
use store::{StoreError, SystemOperation, SystemTx, TenantTx, holds, privacy};
use thiserror::Error;

use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;
use crate::kernel::{events, fields, tenant_state};
use crate::tenants::look::{TenantDetails, read};
use crate::tenants::owner::PLATFORM_SLUG;
use crate::tenants::register::offered;

/// What is to be changed of a tenant; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChange {
    /// The name of a plan.
    pub plan: Option<String>,
    pub state: Option<TenantState>,
    /// Why it is put into the state. Its owners read it.
    pub reason: Option<String>,
    pub name: Option<String>,
    pub margin: Option<Margin>,
}

/// What is added to Meta's prices for a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Margin {
    /// What its plan says.
    OfPlan,
    /// So many hundredths of a percent, instead of what its plan says.
    Own(i32),
}

impl Margin {
    const fn own(self) -> Option<i32> {
        match self {
            Self::OfPlan => None,
            Self::Own(margin_bps) => Some(margin_bps),
        }
    }
}

#[derive(Debug, Error)]
pub enum ChangeTenantError {
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("there is no such tenant")]
    NotFound,
    #[error("the platform's own tenant cannot be changed")]
    Platform,
    #[error(transparent)]
    State(#[from] StateConflict),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeTenantError> for Problem {
    fn from(error: ChangeTenantError) -> Self {
        match error {
            ChangeTenantError::Invalid(fields) => Self::invalid(fields),
            ChangeTenantError::NotFound => Self::new(Kind::NotFound),
            ChangeTenantError::Platform => Self::new(Kind::NotPossible).with_detail(error),
            ChangeTenantError::State(conflict) => Self::state_conflict(conflict),
            ChangeTenantError::Store(error) => error.into(),
        }
    }
}

/// Changes a tenant, all of it or nothing. What is so already is left as it is, so that a call whose answer was lost can be
/// repeated.
///
/// A smaller plan deletes nothing and stops growth; messages that a larger one allows go. In a state that allows no changes
/// they are refused from the next request on; what is due waits, and goes when a state allows it again.
pub async fn change_tenant(
    platform: &Platform,
    permit: &SuperAdmin,
    tenant: TenantId,
    change: TenantChange,
) -> Result<TenantDetails, ChangeTenantError> {
    let change = ChangeTenant { tenant, change: check(change)? };
    let (details, may_go) = platform.store.perform_system(&platform.system_act(permit), &change).await?;
    if may_go {
        wake(platform, tenant, SignedDuration::ZERO).await;
    }
    events::publish_soon(platform).await;
    Ok(details)
}

fn check(change: TenantChange) -> Result<TenantChange, ChangeTenantError> {
    let mut wrong = Vec::new();
    if (TenantChange { reason: None, ..change.clone() }) == TenantChange::default() {
        wrong.push(FieldError::new("body", "must name what is to change"));
    }
    let margin = change.margin.and_then(Margin::own).unwrap_or_default();
    if !(0..=MARGIN_BPS_MAX).contains(&margin) {
        let why = format!("must be 0 to {MARGIN_BPS_MAX}, or null for the plan's");
        wrong.push(FieldError::new("marginBps", why));
    }
    let reason = change.reason.as_deref().map(str::trim);
    match (change.state, reason) {
        (Some(_), None) => wrong.push(FieldError::new("reason", "is needed with a state: say why")),
        (None, Some(_)) => wrong.push(FieldError::new("reason", "belongs to a change of the state alone")),
        (Some(_), Some(reason)) if !text::is_visible(reason, STATE_REASON_CHARS_MAX) => {
            let why = format!("must be 1 to {STATE_REASON_CHARS_MAX} visible characters");
            wrong.push(FieldError::new("reason", why));
        }
        (Some(_), Some(_)) | (None, None) => {}
    }
    let reason = reason.map(str::to_owned);
    let name = match change.name.as_deref().map(|name| fields::name("name", name)).transpose() {
        Ok(name) => name,
        Err(error) => {
            wrong.push(error);
            None
        }
    };
    if wrong.is_empty() {
        Ok(TenantChange { reason, name, ..change })
    } else {
        Err(ChangeTenantError::Invalid(wrong))
    }
}

struct ChangeTenant {
    tenant: TenantId,
    change: TenantChange,
}

impl SystemOperation for ChangeTenant {
    const NAME: &'static str = "change_tenant";
    /// The tenant as it is now, and whether messages that had to wait may go.
    type Done = (TenantDetails, bool);
    type Error = ChangeTenantError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, ChangeTenantError> {
        let TenantChange { plan, state, reason, name, margin } = &self.change;
        let plan = match plan {
            Some(plan) => Some(plans::find_by_name(tx, plan).await?),
            None => None,
        };
        let tx = &tx.as_tenant(self.tenant);
        let before = tenants::lock(tx).await?.ok_or(ChangeTenantError::NotFound)?;
        if before.slug == PLATFORM_SLUG {
            return Err(ChangeTenantError::Platform);
        }
        let state = state.filter(|state| *state != before.state);
        let name = name.as_ref().filter(|name| **name != before.name);
        let plan = plan.filter(|plan| plan.as_ref().is_none_or(|plan| plan.plan_id != before.plan_id));
        let margin = margin.map(Margin::own).filter(|margin_bps| *margin_bps != before.margin_bps);
        let is_change = state.is_some() || name.is_some() || plan.is_some() || margin.is_some();
        if is_change && (before.state == TenantState::Erased || privacy::tenant::find(tx).await?.is_some()) {
            return Err(StateConflict { is: before.state, allowed: &[] }.into());
        }
        let mut may_go = false;
        if let Some(state) = state {
            before.state.check_change(state)?;
            tenant_state::change(tx, state, reason.as_deref().unwrap_or_default()).await?;
            may_go = state.may_change();
        }
        if let Some(plan) = plan {
            may_go |= change_plan(tx, &before, plan).await?;
        }
        if let Some(name) = name {
            tenants::set_name(tx, name).await?;
            // Both names may be a person's, and an entry stays for ever.
            let entry = NewEntry::new("tenant.rename", format!("tenant:{}", self.tenant), json!({}));
            audit_log::append(tx, &entry).await?;
        }
        if let Some(margin_bps) = margin {
            tenants::set_margin(tx, margin_bps).await?;
            let detail = json!({ "before": before.margin_bps, "after": margin_bps });
            let entry = NewEntry::new("tenant.change_margin", format!("tenant:{}", self.tenant), detail);
            audit_log::append(tx, &entry).await?;
        }
        let details = read(tx).await?.ok_or(ChangeTenantError::NotFound)?;
        Ok((details, may_go))
    }
}

/// Puts a tenant on another plan; returns whether messages had to wait for more than the plan before allowed.
async fn change_plan(
    tx: &TenantTx,
    before: &Tenant,
    plan: Option<NamedPlan>,
) -> Result<bool, ChangeTenantError> {
    let plan = offered(plan).map_err(|error| ChangeTenantError::Invalid(vec![error]))?;
    // The next claim holds again what the new plan does not allow either.
    let is_lifted = holds::lift(tx, &HoldTarget::Tenant, HoldReason::PlanLimit).await?;
    tenants::set_plan(tx, plan.plan_id).await?;
    let detail = json!({ "before": before.plan_name, "after": plan.name });
    let entry = NewEntry::new("tenant.change_plan", format!("tenant:{}", tx.tenant()), detail);
    audit_log::append(tx, &entry).await?;
    Ok(is_lifted)
}

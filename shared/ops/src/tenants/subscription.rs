//! A tenant's plan with what is used of it, and putting a tenant on another plan.

use domain::holds::{HoldReason, HoldTarget};
use domain::problem::{FieldError, Kind};
use domain::tenants::usage::Usage;
use domain::{Month, Problem, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::tenants::plans::{self, Plan};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx, holds, tenants, usage};
use thiserror::Error;

use crate::kernel::permit::{SuperAdmin, TenantReader};
use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;
use crate::tenants::register::offered;

/// A tenant's plan, and how much of each of its limits is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub plan: Plan,
    /// Since when the tenant has this plan.
    pub since: Timestamp,
    pub usage: Vec<Usage>,
    /// When the messages of a new month begin to be counted.
    pub month_ends: Timestamp,
}

pub async fn subscription(platform: &Platform, permit: &TenantReader) -> Result<Subscription, StoreError> {
    platform.store.perform(&platform.act(permit), &ReadSubscription).await
}

struct ReadSubscription;

impl Operation for ReadSubscription {
    const NAME: &'static str = "read_subscription";
    type Done = Subscription;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Subscription, StoreError> {
        let missing = |table| StoreError::Inconsistent { table, what: format!("{} has none", tx.tenant()) };
        let tenant = tenants::find(tx).await?.ok_or_else(|| missing("tenants"))?;
        read(tx, &tenant).await
    }
}

async fn read(tx: &TenantTx, tenant: &tenants::Tenant) -> Result<Subscription, StoreError> {
    let missing = || StoreError::Inconsistent { table: "plans", what: format!("{} is gone", tenant.plan_id) };
    Ok(Subscription {
        plan: plans::find(tx, tx.now(), tenant.plan_id).await?.ok_or_else(missing)?,
        since: tenant.plan_since,
        usage: usage::list(tx).await?,
        month_ends: Month::of(tx.now()).end(),
    })
}

#[derive(Debug, Error)]
pub enum ChangeTenantPlanError {
    /// Not the name of a plan that takes tenants.
    #[error(transparent)]
    Plan(#[from] FieldError),
    #[error("there is no such tenant")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeTenantPlanError> for Problem {
    fn from(error: ChangeTenantPlanError) -> Self {
        match error {
            ChangeTenantPlanError::Plan(field) => Self::invalid(vec![field]),
            ChangeTenantPlanError::NotFound => Self::new(Kind::NotFound),
            ChangeTenantPlanError::Store(error) => error.into(),
        }
    }
}

/// Puts a tenant on another plan at once. A smaller one deletes nothing and stops growth; messages that a larger one allows go.
pub async fn change_tenant_plan(
    platform: &Platform,
    permit: &SuperAdmin,
    tenant: TenantId,
    plan: String,
) -> Result<Subscription, ChangeTenantPlanError> {
    let change = ChangeTenantPlan { tenant, plan };
    let (subscription, is_lifted) =
        platform.store.perform_system(&platform.system_act(permit), &change).await?;
    if is_lifted {
        wake(platform, tenant, SignedDuration::ZERO).await;
    }
    Ok(subscription)
}

struct ChangeTenantPlan {
    tenant: TenantId,
    plan: String,
}

impl SystemOperation for ChangeTenantPlan {
    const NAME: &'static str = "change_tenant_plan";
    /// The subscription, and whether messages that had to wait for the next month may go.
    type Done = (Subscription, bool);
    type Error = ChangeTenantPlanError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, ChangeTenantPlanError> {
        let named = plans::find_by_name(tx, &self.plan).await?;
        let tx = &tx.as_tenant(self.tenant);
        let before = tenants::find(tx).await?.ok_or(ChangeTenantPlanError::NotFound)?;
        if named.as_ref().is_some_and(|plan| plan.plan_id == before.plan_id) {
            return Ok((read(tx, &before).await?, false));
        }
        let plan = offered(named)?;
        // The next claim holds again what the new plan does not allow either.
        let is_lifted = holds::lift(tx, &HoldTarget::Tenant, HoldReason::PlanLimit).await?;
        tenants::set_plan(tx, plan.plan_id).await?;
        let detail = json!({ "before": before.plan_name, "after": plan.name });
        let entry = NewEntry::new("tenant.change_plan", format!("tenant:{}", self.tenant), detail);
        audit_log::append(tx, &entry).await?;
        let after = tenants::find(tx).await?.ok_or(ChangeTenantPlanError::NotFound)?;
        Ok((read(tx, &after).await?, is_lifted))
    }
}

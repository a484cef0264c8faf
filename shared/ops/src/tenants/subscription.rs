//! A tenant's plan with what is used of it, and changing what the platform's owner sets for a tenant.

use domain::holds::{HoldReason, HoldTarget};
use domain::limits::MARGIN_BPS_MAX;
use domain::problem::{FieldError, Kind};
use domain::tenants::usage::Usage;
use domain::{Month, Problem, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::audit_log::{self, NewEntry};
use store::tenants::Tenant;
use store::tenants::plans::{self, NamedPlan, Plan};
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
    /// The tenant's own margin, instead of its plan's.
    pub margin_bps: Option<i32>,
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

async fn read(tx: &TenantTx, tenant: &Tenant) -> Result<Subscription, StoreError> {
    let missing = || StoreError::Inconsistent { table: "plans", what: format!("{} is gone", tenant.plan_id) };
    Ok(Subscription {
        plan: plans::find(tx, tx.now(), tenant.plan_id).await?.ok_or_else(missing)?,
        since: tenant.plan_since,
        margin_bps: tenant.margin_bps,
        usage: usage::list(tx).await?,
        month_ends: Month::of(tx.now()).end(),
    })
}

#[derive(Debug, Error)]
pub enum ChangeTenantError {
    /// A field that is not valid, such as the name of a plan that takes no tenants.
    #[error(transparent)]
    Invalid(#[from] FieldError),
    #[error("there is no such tenant")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeTenantError> for Problem {
    fn from(error: ChangeTenantError) -> Self {
        match error {
            ChangeTenantError::Invalid(field) => Self::invalid(vec![field]),
            ChangeTenantError::NotFound => Self::new(Kind::NotFound),
            ChangeTenantError::Store(error) => error.into(),
        }
    }
}

/// What is to change of a tenant; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantChange {
    /// The name of a plan. A smaller one deletes nothing and stops growth; messages that a larger one allows go.
    pub plan: Option<String>,
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

impl TenantChange {
    fn check(&self) -> Result<(), FieldError> {
        let margin = self.margin.and_then(Margin::own).unwrap_or_default();
        if *self == Self::default() {
            return Err(FieldError::new("body", "must name what is to change"));
        }
        if (0..=MARGIN_BPS_MAX).contains(&margin) {
            return Ok(());
        }
        Err(FieldError::new("marginBps", format!("must be 0 to {MARGIN_BPS_MAX}, or null for the plan's")))
    }
}

/// Changes a tenant at once.
pub async fn change_tenant(
    platform: &Platform,
    permit: &SuperAdmin,
    tenant: TenantId,
    change: TenantChange,
) -> Result<Subscription, ChangeTenantError> {
    change.check()?;
    let change = ChangeTenant { tenant, change };
    let (subscription, is_lifted) =
        platform.store.perform_system(&platform.system_act(permit), &change).await?;
    if is_lifted {
        wake(platform, tenant, SignedDuration::ZERO).await;
    }
    Ok(subscription)
}

struct ChangeTenant {
    tenant: TenantId,
    change: TenantChange,
}

impl SystemOperation for ChangeTenant {
    const NAME: &'static str = "change_tenant";
    /// The subscription, and whether messages that had to wait for the next month may go.
    type Done = (Subscription, bool);
    type Error = ChangeTenantError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, ChangeTenantError> {
        let TenantChange { plan, margin } = &self.change;
        let named = match plan {
            Some(name) => Some(plans::find_by_name(tx, name).await?),
            None => None,
        };
        let tx = &tx.as_tenant(self.tenant);
        let before = tenants::find(tx).await?.ok_or(ChangeTenantError::NotFound)?;
        let is_lifted = match named {
            Some(named) => self.put_on(tx, &before, named).await?,
            None => false,
        };
        if let Some(margin_bps) = margin.map(Margin::own)
            && margin_bps != before.margin_bps
        {
            tenants::set_margin(tx, margin_bps).await?;
            let detail = json!({ "before": before.margin_bps, "after": margin_bps });
            self.record(tx, "tenant.change_margin", detail).await?;
        }
        let after = tenants::find(tx).await?.ok_or(ChangeTenantError::NotFound)?;
        Ok((read(tx, &after).await?, is_lifted))
    }
}

impl ChangeTenant {
    /// Returns whether messages that had to wait may go.
    async fn put_on(
        &self,
        tx: &TenantTx,
        before: &Tenant,
        named: Option<NamedPlan>,
    ) -> Result<bool, ChangeTenantError> {
        if named.as_ref().is_some_and(|plan| plan.plan_id == before.plan_id) {
            return Ok(false);
        }
        let plan = offered(named)?;
        // The next claim holds again what the new plan does not allow either.
        let is_lifted = holds::lift(tx, &HoldTarget::Tenant, HoldReason::PlanLimit).await?;
        tenants::set_plan(tx, plan.plan_id).await?;
        self.record(tx, "tenant.change_plan", json!({ "before": before.plan_name, "after": plan.name }))
            .await?;
        Ok(is_lifted)
    }

    async fn record(&self, tx: &TenantTx, action: &'static str, detail: Value) -> Result<(), StoreError> {
        let entry = NewEntry::new(action, format!("tenant:{}", self.tenant), detail);
        audit_log::append(tx, &entry).await.map(drop)
    }
}

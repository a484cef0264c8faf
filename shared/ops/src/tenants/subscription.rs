//! A tenant's plan with what is used of it.

use domain::Month;
use domain::tenants::usage::Usage;
use jiff::Timestamp;
use store::tenants::plans::{self, Plan};
use store::{Operation, StoreError, TenantTx, tenants, usage};

use crate::kernel::permit::TenantReader;
use crate::kernel::platform::Platform;

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

pub(crate) async fn read(tx: &TenantTx, tenant: &tenants::Tenant) -> Result<Subscription, StoreError> {
    let missing = || StoreError::Inconsistent { table: "plans", what: format!("{} is gone", tenant.plan_id) };
    Ok(Subscription {
        plan: plans::find(tx, tx.now(), tenant.plan_id).await?.ok_or_else(missing)?,
        since: tenant.plan_since,
        margin_bps: tenant.margin_bps,
        usage: usage::list(tx).await?,
        month_ends: Month::of(tx.now()).end(),
    })
}

//! The platform's owner looks through the tenants, and at one of them.

use domain::holds::Hold;
use domain::{Money, TenantId, TenantState};
use jiff::Timestamp;
use store::access::users;
use store::billing::wallet;
use store::privacy::tenant::{self as erasure, Erasure};
pub use store::tenants::list::{Filter, ListedTenant};
pub use store::tenants::states::StateChange;
use store::tenants::{self, Tenant, list, plans, states};
use store::whatsapp::numbers;
pub use store::whatsapp::numbers::Connected;
use store::{StoreError, SystemOperation, SystemTx, TenantTx, holds};

use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;
use crate::tenants::owner::PLATFORM_SLUG;
use crate::tenants::subscription::{self, Subscription};

/// Everything that the platform's owner is shown about a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantDetails {
    pub tenant: Tenant,
    /// The first owner's; absent when the tenant is erased.
    pub owner_email: Option<String>,
    pub balance: Money,
    pub subscription: Subscription,
    pub holds: Vec<Hold>,
    pub numbers: Vec<Connected>,
    /// How its states followed each other, newest first.
    pub states: Vec<StateChange>,
    /// What it may be put into.
    pub may_become: &'static [TenantState],
    /// What follows by itself, and when.
    pub followed_by: Option<(TenantState, Timestamp)>,
    /// Absent unless its data is being erased, or was.
    pub erasure: Option<Erasure>,
}

/// What is asked for of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The beginning of a slug, a name or an owner's e-mail, in upper or lower case.
    pub search: Option<String>,
    pub state: Option<TenantState>,
    /// The name of a plan.
    pub plan: Option<String>,
}

/// Tenants older than `before`, newest first. A plan that does not exist has none.
pub async fn list_tenants(
    platform: &Platform,
    permit: &SuperAdmin,
    asked: Asked,
    before: TenantId,
    limit: i64,
) -> Result<Vec<ListedTenant>, StoreError> {
    platform.store.perform_system(&platform.system_act(permit), &ListTenants { asked, before, limit }).await
}

struct ListTenants {
    asked: Asked,
    before: TenantId,
    limit: i64,
}

impl SystemOperation for ListTenants {
    const NAME: &'static str = "list_tenants";
    type Done = Vec<ListedTenant>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Vec<ListedTenant>, StoreError> {
        let Asked { search, state, plan } = &self.asked;
        let plan = match plan {
            None => None,
            Some(name) => match plans::find_by_name(tx, name).await? {
                Some(plan) => Some(plan.plan_id),
                None => return Ok(Vec::new()),
            },
        };
        let search = search.as_ref().map(|search| search.to_lowercase());
        let filter = Filter { search, state: *state, plan };
        list::list(tx, &filter, self.before, self.limit).await
    }
}

/// A tenant; `None` also for the platform's own.
pub async fn find_tenant(
    platform: &Platform,
    permit: &SuperAdmin,
    tenant: TenantId,
) -> Result<Option<TenantDetails>, StoreError> {
    platform.store.perform_system(&platform.system_act(permit), &FindTenant { tenant }).await
}

struct FindTenant {
    tenant: TenantId,
}

impl SystemOperation for FindTenant {
    const NAME: &'static str = "find_tenant";
    type Done = Option<TenantDetails>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Option<TenantDetails>, StoreError> {
        read(&tx.as_tenant(self.tenant)).await
    }
}

pub(crate) async fn read(tx: &TenantTx) -> Result<Option<TenantDetails>, StoreError> {
    let Some(tenant) = tenants::find(tx).await?.filter(|tenant| tenant.slug != PLATFORM_SLUG) else {
        return Ok(None);
    };
    let erasure = erasure::find(tx).await?;
    let is_erased = erasure.is_some();
    let follows = tenant.state.followed_by().filter(|_| !is_erased);
    Ok(Some(TenantDetails {
        owner_email: users::find_owner(tx).await?.map(|owner| owner.email),
        balance: wallet::balance(tx).await?.unwrap_or_default(),
        subscription: subscription::read(tx, &tenant).await?,
        holds: holds::list(tx).await?,
        numbers: numbers::states(tx).await?,
        states: states::history(tx).await?,
        may_become: if is_erased { &[] } else { tenant.state.may_become() },
        followed_by: follows.map(|(state, after)| (state, tenant.state_since + after)),
        erasure,
        tenant,
    }))
}

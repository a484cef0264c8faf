//! Tenants, each with a wallet from the start.

pub mod invitations;
pub mod list;
pub mod onboarding;
pub mod plans;
pub mod states;

use domain::holds::{HoldReason, HoldTarget};
use domain::{PlanId, TenantId, TenantState};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::billing::wallet;
use crate::holds;
use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub tenant_id: TenantId,
    /// Unique name in addresses, such as `acme-corp`.
    pub slug: String,
    pub name: String,
    pub plan_id: PlanId,
    pub plan_name: String,
    /// Since when it has this plan.
    pub plan_since: Timestamp,
    /// Its own margin, instead of its plan's.
    pub margin_bps: Option<i32>,
    pub state: TenantState,
    pub state_since: Timestamp,
    pub created_at: Timestamp,
}

/// A tenant that is about to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTenant {
    /// Unique name in addresses, such as `acme-corp`.
    pub slug: String,
    pub name: String,
    pub plan_id: PlanId,
    pub state: TenantState,
}

/// The unique constraint on a tenant's slug.
pub const SLUG_TAKEN: &str = "tenants_slug_key";

pub(crate) const STATEMENTS: &[&str] =
    &[INSERT, INSERT_WALLET, FIND, FIND_PLATFORM, LOCK, SET_STATE, SET_PLAN, SET_MARGIN, SET_NAME, MARGIN_AT];

/// Of `tenants t JOIN plans p`.
macro_rules! columns {
    () => {
        "t.slug, t.name, t.plan_id, p.name AS plan_name, coalesce(t.plan_since, t.created_at) AS plan_since, t.margin_bps,
        t.state, t.state_since, t.created_at"
    };
}

const INSERT: &str = concat!(
    "-- tenants::insert
WITH t AS (
    INSERT INTO tenants (tenant_id, slug, name, plan_id, status, state, state_since, created_at)
    VALUES ($1, $2, $3, $4, 'ACTIVE', $5, $6, $6) RETURNING *)
SELECT ",
    columns!(),
    "
  FROM t JOIN plans p USING (plan_id)"
);

const INSERT_WALLET: &str = "-- tenants::insert_wallet
INSERT INTO wallets (tenant_id, balance, seq) VALUES ($1, 0, 0)";

/// Adds the tenant and its empty wallet; [`SLUG_TAKEN`] refuses a second one of the same slug.
pub async fn insert(tx: &TenantTx, tenant: &NewTenant) -> Result<Tenant, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, tenant.slug => TEXT, tenant.name => TEXT, tenant.plan_id.0 => UUID,
        tenant.state.as_str() => TEXT, tx.now() => TIMESTAMPTZ,
    ];
    let row = tx.row(INSERT, values).await?;
    tx.run_one(INSERT_WALLET, params![tx.tenant().0 => UUID]).await?;
    let missing =
        || StoreError::Inconsistent { table: "tenants", what: "the new tenant has no plan".to_owned() };
    from_row(tx, &row.ok_or_else(missing)?)
}

const FIND: &str = concat!(
    "-- tenants::find
SELECT ",
    columns!(),
    "
  FROM tenants t JOIN plans p USING (plan_id) WHERE t.tenant_id = $1"
);

pub async fn find(tx: &TenantTx) -> Result<Option<Tenant>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID]).await?;
    row.map(|row| from_row(tx, &row)).transpose()
}

const FIND_PLATFORM: &str = "-- tenants::find_platform
SELECT tenant_id FROM tenants WHERE slug = 'platform'";

/// The platform's own tenant, if it is there yet.
pub async fn find_platform(tx: &SystemTx) -> Result<Option<TenantId>, StoreError> {
    Ok(tx.row(FIND_PLATFORM, params![]).await?.map(|row| TenantId(row.get("tenant_id"))))
}

const LOCK: &str = concat!(
    "-- tenants::lock
SELECT ",
    columns!(),
    "
  FROM tenants t JOIN plans p USING (plan_id) WHERE t.tenant_id = $1 FOR NO KEY UPDATE OF t"
);

/// Locks a tenant against other changes of it: its balance first, as everything that places or lifts a hold does. `None` when
/// there is no such tenant.
pub async fn lock(tx: &TenantTx) -> Result<Option<Tenant>, StoreError> {
    if find(tx).await?.is_none() {
        return Ok(None);
    }
    wallet::lock(tx).await?;
    let row = tx.row(LOCK, params![tx.tenant().0 => UUID]).await?;
    row.map(|row| from_row(tx, &row)).transpose()
}

/// Locks a tenant against other changes of who may act for it: of its users and its API keys. The balance is not locked, so
/// that no claim waits for them.
pub async fn lock_access(tx: &TenantTx) -> Result<(), StoreError> {
    tx.row(LOCK, params![tx.tenant().0 => UUID]).await.map(drop)
}

// The balance is locked before: so the last number that this statement sees is the last one that there is.
const SET_STATE: &str = "-- tenants::set_state
WITH old AS MATERIALIZED (SELECT state, state_since FROM tenants WHERE tenant_id = $1 AND state <> $2),
changed AS (
    UPDATE tenants t SET state = $2, state_since = greatest(old.state_since, $3),
           status = CASE WHEN $4 THEN 'ACTIVE' ELSE 'SUSPENDED' END
      FROM old WHERE t.tenant_id = $1
    RETURNING old.state AS state_before, t.state_since)
INSERT INTO tenant_states (tenant_id, number, state_before, state, reason, changed_by, changed_at)
SELECT $1, 1 + coalesce((SELECT number FROM tenant_states WHERE tenant_id = $1 ORDER BY number DESC LIMIT 1), 0),
       state_before, $2, $5, $6, state_since
  FROM changed
RETURNING state_before";

/// Puts a tenant into a state, for a reason that its owners read too. In one that allows no changes they are refused from the
/// next request on, and due messages are held. Returns the state before; `None` when the tenant was in the state already.
/// `status` is for the code of the version before.
pub async fn set_state(
    tx: &TenantTx,
    state: TenantState,
    reason: &str,
) -> Result<Option<TenantState>, StoreError> {
    if state.may_change() {
        holds::lift(tx, &HoldTarget::Tenant, HoldReason::Tenant).await?;
    } else {
        holds::place(
            tx,
            &HoldTarget::Tenant,
            HoldReason::Tenant,
            &format!("the account is {}", state.as_str().to_lowercase()),
            None,
        )
        .await?;
    }
    let values = params![
        tx.tenant().0 => UUID, state.as_str() => TEXT, tx.now() => TIMESTAMPTZ, state.may_change() => BOOL,
        reason => TEXT, tx.actor().to_string() => TEXT,
    ];
    let row = tx.row(SET_STATE, values).await?;
    row.map(|row| word(&row, "tenant_states", "state_before")).transpose()
}

const SET_PLAN: &str = "-- tenants::set_plan
UPDATE tenants SET plan_id = $2, plan_since = $3 WHERE tenant_id = $1";

/// Puts a tenant on another plan from now on.
pub async fn set_plan(tx: &TenantTx, plan: PlanId) -> Result<(), StoreError> {
    tx.run_one(SET_PLAN, params![tx.tenant().0 => UUID, plan.0 => UUID, tx.now() => TIMESTAMPTZ]).await
}

const SET_MARGIN: &str = "-- tenants::set_margin
UPDATE tenants SET margin_bps = $2 WHERE tenant_id = $1";

/// Gives a tenant a margin of its own from now on, or its plan's again.
pub async fn set_margin(tx: &TenantTx, margin_bps: Option<i32>) -> Result<(), StoreError> {
    tx.run_one(SET_MARGIN, params![tx.tenant().0 => UUID, margin_bps => INT4]).await
}

/// The claim takes the same.
const MARGIN_AT: &str = "-- tenants::margin_at
SELECT coalesce(t.margin_bps, p.margin_bps) AS margin_bps FROM tenants t CROSS JOIN LATERAL terms_at(t.plan_id, $2) AS p
 WHERE t.tenant_id = $1";

/// The margin that the tenant pays at an instant, as it is known now.
pub async fn margin_at(tx: &TenantTx, at: Timestamp) -> Result<Option<i32>, StoreError> {
    let row = tx.row(MARGIN_AT, params![tx.tenant().0 => UUID, at => TIMESTAMPTZ]).await?;
    Ok(row.map(|row| row.get("margin_bps")))
}

const SET_NAME: &str = "-- tenants::set_name
UPDATE tenants SET name = $2 WHERE tenant_id = $1";

pub async fn set_name(tx: &TenantTx, name: &str) -> Result<(), StoreError> {
    tx.run_one(SET_NAME, params![tx.tenant().0 => UUID, name => TEXT]).await
}

fn from_row(tx: &TenantTx, row: &Row) -> Result<Tenant, StoreError> {
    Ok(Tenant {
        tenant_id: tx.tenant(),
        slug: row.get("slug"),
        name: row.get("name"),
        plan_id: PlanId(row.get("plan_id")),
        plan_name: row.get("plan_name"),
        plan_since: row.get("plan_since"),
        margin_bps: row.get("margin_bps"),
        state: word(row, "tenants", "state")?,
        state_since: row.get("state_since"),
        created_at: row.get("created_at"),
    })
}

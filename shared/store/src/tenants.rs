//! Tenants, with the wallet that each is born with.

pub mod plans;

use domain::TenantId;
use domain::holds::{HoldReason, HoldTarget};
use jiff::Timestamp;
use uuid::Uuid;

use crate::holds;
use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// A tenant as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub tenant_id: TenantId,
    /// Unique name in addresses, such as `acme-corp`.
    pub slug: String,
    /// The business' name.
    pub name: String,
    /// Its plan.
    pub plan_id: Uuid,
    /// The plan's name; filled on reads.
    pub plan_name: String,
    /// May it send?
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The unique constraint on a tenant's slug.
pub const SLUG_TAKEN: &str = "tenants_slug_key";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, INSERT_WALLET, FIND, SET_ACTIVE];

const INSERT: &str = "-- tenants::insert
INSERT INTO tenants (tenant_id, slug, name, plan_id, status, created_at) VALUES ($1, $2, $3, $4, 'ACTIVE', $5)";

const INSERT_WALLET: &str = "-- tenants::insert_wallet
INSERT INTO wallets (tenant_id, balance, seq) VALUES ($1, 0, 0)";

/// Adds a tenant and its empty wallet; [`SLUG_TAKEN`] refuses a second one of the same slug.
pub async fn insert(tx: &TenantTx, tenant: &Tenant) -> Result<(), StoreError> {
    let values = params![
        tenant.tenant_id.0 => UUID, tenant.slug => TEXT, tenant.name => TEXT, tenant.plan_id => UUID,
        tenant.created_at => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await?;
    tx.run_one(INSERT_WALLET, params![tenant.tenant_id.0 => UUID]).await
}

const FIND: &str = "-- tenants::find
SELECT t.slug, t.name, t.plan_id, p.name AS plan_name, t.status = 'ACTIVE' AS is_active, t.created_at
  FROM tenants t JOIN plans p USING (plan_id) WHERE t.tenant_id = $1";

/// The tenant.
pub async fn find(tx: &TenantTx) -> Result<Option<Tenant>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID]).await?;
    Ok(row.map(|row| Tenant {
        tenant_id: tx.tenant(),
        slug: row.get("slug"),
        name: row.get("name"),
        plan_id: row.get("plan_id"),
        plan_name: row.get("plan_name"),
        is_active: row.get("is_active"),
        created_at: row.get("created_at"),
    }))
}

const SET_ACTIVE: &str = "-- tenants::set_active
UPDATE tenants SET status = CASE WHEN $2 THEN 'ACTIVE' ELSE 'SUSPENDED' END WHERE tenant_id = $1";

/// Suspends a tenant, or lets it go on: its callers are refused from their next request on, and its due messages are held.
pub async fn set_active(tx: &TenantTx, active: bool) -> Result<(), StoreError> {
    if active {
        holds::lift(tx, &HoldTarget::Tenant, HoldReason::Tenant).await?;
    } else {
        holds::place(tx, &HoldTarget::Tenant, HoldReason::Tenant, "the tenant is suspended", None).await?;
    }
    tx.run_one(SET_ACTIVE, params![tx.tenant().0 => UUID, active => BOOL]).await
}

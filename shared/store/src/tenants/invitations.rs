//! Invitations to register a business: kept by the hash of their code, each used once.

use domain::{InvitationId, PlanId, TenantId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, params};

/// An invitation that is about to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    pub code_hash: Vec<u8>,
    /// The only address that may register with it, lower-cased.
    pub email: Option<String>,
    pub plan: Option<PlanId>,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub invitation_id: InvitationId,
    pub email: Option<String>,
    pub plan_name: Option<String>,
    /// `user:<id>`.
    pub created_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When it was used, and the tenant that registered with it.
    pub used: Option<(Timestamp, TenantId)>,
}

pub(crate) const STATEMENTS: &[&str] = &[INSERT, LIST, IS_VALID, USE, DELETE, IS_THERE, FORGET];

/// What an invitation must be to be used now: `$1` is the hash of its code, `$2` now, `$3` the address that registers.
macro_rules! is_valid {
    () => {
        "code_hash = $1 AND used_at IS NULL AND expires_at > $2 AND (email IS NULL OR email = $3)"
    };
}

const INSERT: &str = "-- invitations::insert
INSERT INTO invitations (invitation_id, code_hash, email, plan_id, created_by, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub async fn insert(tx: &SystemTx, invitation: &NewInvitation) -> Result<InvitationId, StoreError> {
    let id = InvitationId::at(tx.now());
    let values = params![
        id.0 => UUID, invitation.code_hash => BYTEA, invitation.email => TEXT, invitation.plan.map(|plan| plan.0) => UUID,
        tx.actor().to_string() => TEXT, tx.now() => TIMESTAMPTZ, invitation.expires_at => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await?;
    Ok(id)
}

const LIST: &str = "-- invitations::list
SELECT i.invitation_id, i.email, p.name AS plan_name, i.created_by, i.created_at, i.expires_at, i.used_at, i.used_by
  FROM invitations i LEFT JOIN plans p USING (plan_id)
 WHERE i.invitation_id < $1 ORDER BY i.invitation_id DESC LIMIT $2";

/// Invitations older than `before`, newest first.
pub async fn list(tx: &SystemTx, before: InvitationId, limit: i64) -> Result<Vec<Invitation>, StoreError> {
    let rows = tx.rows(LIST, params![before.0 => UUID, limit => INT8]).await?;
    Ok(rows.iter().map(from_row).collect())
}

const IS_VALID: &str = concat!(
    "-- invitations::is_valid
SELECT FROM invitations WHERE ",
    is_valid!()
);

/// Whether this address may register with the invitation now.
pub async fn is_valid(tx: &SystemTx, code_hash: &[u8], email: &str) -> Result<bool, StoreError> {
    let values = params![code_hash => BYTEA, tx.now() => TIMESTAMPTZ, email => TEXT];
    Ok(tx.row(IS_VALID, values).await?.is_some())
}

// Of two that use it at once, the second waits for the first and finds it used.
const USE: &str = concat!(
    "-- invitations::use_up
WITH used AS (
    UPDATE invitations SET used_at = $2, used_by = $4 WHERE ",
    is_valid!(),
    " RETURNING plan_id)
SELECT p.name AS plan_name FROM used LEFT JOIN plans p USING (plan_id)"
);

/// Uses an invitation up for a tenant that has registered in this transaction. The name of its plan, if it names one; the outer
/// `None` when it cannot be used: unknown, used, expired, or for another address.
pub async fn use_up(
    tx: &SystemTx,
    code_hash: &[u8],
    email: &str,
    tenant: TenantId,
) -> Result<Option<Option<String>>, StoreError> {
    let values = params![code_hash => BYTEA, tx.now() => TIMESTAMPTZ, email => TEXT, tenant.0 => UUID];
    Ok(tx.row(USE, values).await?.map(|row| row.get("plan_name")))
}

const DELETE: &str = "-- invitations::delete
DELETE FROM invitations WHERE invitation_id = $1 AND used_at IS NULL";

/// Deletes an invitation that was not used; returns whether there was one.
pub async fn delete(tx: &SystemTx, invitation: InvitationId) -> Result<bool, StoreError> {
    Ok(tx.run(DELETE, params![invitation.0 => UUID]).await? > 0)
}

const IS_THERE: &str = "-- invitations::is_there
SELECT FROM invitations WHERE invitation_id = $1";

pub async fn is_there(tx: &SystemTx, invitation: InvitationId) -> Result<bool, StoreError> {
    Ok(tx.row(IS_THERE, params![invitation.0 => UUID]).await?.is_some())
}

const FORGET: &str = "-- invitations::forget_before
DELETE FROM invitations WHERE expires_at < $1";

/// Deletes invitations that had expired by then, used or not: they name addresses.
pub async fn forget_before(tx: &SystemTx, expired_by: Timestamp) -> Result<u64, StoreError> {
    tx.run(FORGET, params![expired_by => TIMESTAMPTZ]).await
}

fn from_row(row: &Row) -> Invitation {
    let used_at: Option<Timestamp> = row.get("used_at");
    Invitation {
        invitation_id: InvitationId(row.get("invitation_id")),
        email: row.get("email"),
        plan_name: row.get("plan_name"),
        created_by: row.get("created_by"),
        created_at: row.get("created_at"),
        expires_at: row.get("expires_at"),
        used: used_at.map(|at| (at, TenantId(row.get("used_by")))),
    }
}

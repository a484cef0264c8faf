//! The users of a tenant, as its owners and admins see and manage them.

use domain::tenants::usage::Quantity;
use domain::{Role, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::access::invites;
use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{TenantTx, params};
use crate::usage;

/// A user, without the password's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedUser {
    pub user_id: UserId,
    /// Lower-cased.
    pub email: String,
    pub name: String,
    pub role: Role,
    /// Whether the user may approve what others want to spend.
    pub may_approve: bool,
    /// Absent until an invitation was taken up.
    pub has_password: bool,
    pub has_second_factor: bool,
    pub created_at: Timestamp,
}

pub(crate) const STATEMENTS: &[&str] = &[LIST, FIND, CHANGE, REMOVE];

/// Of `users u`.
macro_rules! columns {
    () => {
        "u.user_id, u.email, u.name, u.role, u.may_approve, u.password_hash IS NOT NULL AS has_password,
       EXISTS (SELECT FROM second_factors f
                WHERE f.tenant_id = u.tenant_id AND f.user_id = u.user_id AND f.confirmed_at IS NOT NULL) AS has_second_factor,
       u.created_at"
    };
}

const LIST: &str = concat!(
    "-- managed_users::list
SELECT ",
    columns!(),
    "
  FROM users u WHERE u.tenant_id = $1 AND u.user_id < $2 ORDER BY u.tenant_id DESC, u.user_id DESC LIMIT $3"
);

/// The tenant's users older than `before`, newest first.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<ManagedUser>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    rows.iter().map(from_row).collect()
}

const FIND: &str = concat!(
    "-- managed_users::find
SELECT ",
    columns!(),
    "
  FROM users u WHERE u.tenant_id = $1 AND u.user_id = $2"
);

pub async fn find(tx: &TenantTx, user: UserId) -> Result<Option<ManagedUser>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, user.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const CHANGE: &str = "-- managed_users::change
UPDATE users SET name = $3, role = $4, may_approve = $5 WHERE tenant_id = $1 AND user_id = $2";

/// Stores name, role and the right to approve.
pub async fn change(tx: &TenantTx, user: &ManagedUser) -> Result<(), StoreError> {
    let values = params![
        tx.tenant().0 => UUID, user.user_id.0 => UUID, user.name => TEXT, user.role.as_str() => TEXT,
        user.may_approve => BOOL,
    ];
    tx.run_one(CHANGE, values).await
}

const REMOVE: &str = "-- managed_users::remove
DELETE FROM users WHERE tenant_id = $1 AND user_id = $2";

/// Removes a user with every session, link and second factor, and gives the place in the plan back.
pub async fn remove(tx: &TenantTx, user: UserId) -> Result<(), StoreError> {
    invites::drop_all(tx, user).await?;
    tx.run_one(REMOVE, params![tx.tenant().0 => UUID, user.0 => UUID]).await?;
    usage::give_back(tx, Quantity::Users).await
}

fn from_row(row: &Row) -> Result<ManagedUser, StoreError> {
    Ok(ManagedUser {
        user_id: UserId(row.get("user_id")),
        email: row.get("email"),
        name: row.get("name"),
        role: word(row, "users", "role")?,
        may_approve: row.get("may_approve"),
        has_password: row.get("has_password"),
        has_second_factor: row.get("has_second_factor"),
        created_at: row.get("created_at"),
    })
}

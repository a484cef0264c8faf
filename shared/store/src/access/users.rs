//! The people who log in.

use domain::{Role, TenantId, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// A user with what a login or a request needs to know of its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Whose.
    pub tenant_id: TenantId,
    /// Its id.
    pub user_id: UserId,
    /// Lower-cased.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// argon2id in PHC form; absent until an invitation was taken up.
    pub password_hash: Option<String>,
    /// Whether its tenant may act; filled on reads.
    pub tenant_is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The unique constraint on a user's e-mail.
pub const EMAIL_TAKEN: &str = "users_email_key";

pub(crate) const STATEMENTS: &[&str] = &[INSERT, FIND, FIND_BY_EMAIL, FIND_SUPER_ADMIN, SET_PASSWORD];

const INSERT: &str = "-- users::insert
INSERT INTO users (tenant_id, user_id, email, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Adds a user; [`EMAIL_TAKEN`] refuses a second one of the same e-mail.
pub async fn insert(tx: &TenantTx, user: &User) -> Result<(), StoreError> {
    let values = params![
        user.tenant_id.0 => UUID, user.user_id.0 => UUID, user.email => TEXT, user.name => TEXT,
        user.role.as_str() => TEXT, user.password_hash => TEXT, user.created_at => TIMESTAMPTZ,
    ];
    tx.run_one(INSERT, values).await
}

const FIND: &str = "-- users::find
SELECT u.tenant_id, u.user_id, u.email, u.name, u.role, u.password_hash, t.status = 'ACTIVE' AS tenant_is_active, u.created_at
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.tenant_id = $1 AND u.user_id = $2";

/// A user of the tenant: what every request asks, so that a removed user or a suspended tenant stops at once (I30).
pub async fn find(tx: &TenantTx, user: UserId) -> Result<Option<User>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, user.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const FIND_BY_EMAIL: &str = "-- users::find_by_email
SELECT u.tenant_id, u.user_id, u.email, u.name, u.role, u.password_hash, t.status = 'ACTIVE' AS tenant_is_active, u.created_at
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.email = $1";

/// Whoever logs in with that (lower-cased) e-mail. Needs the system scope: whose it is, is the question.
pub async fn find_by_email(tx: &SystemTx, email: &str) -> Result<Option<User>, StoreError> {
    let row = tx.row(FIND_BY_EMAIL, params![email => TEXT]).await?;
    row.as_ref().map(from_row).transpose()
}

const FIND_SUPER_ADMIN: &str = "-- users::find_super_admin
SELECT u.tenant_id, u.user_id, u.email, u.name, u.role, u.password_hash, t.status = 'ACTIVE' AS tenant_is_active, u.created_at
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.role = 'SUPER_ADMIN' ORDER BY u.user_id LIMIT 1";

/// The first super admin, if the platform has one yet.
pub async fn find_super_admin(tx: &SystemTx) -> Result<Option<User>, StoreError> {
    let row = tx.row(FIND_SUPER_ADMIN, params![]).await?;
    row.as_ref().map(from_row).transpose()
}

const SET_PASSWORD: &str = "-- users::set_password
UPDATE users SET password_hash = $3 WHERE tenant_id = $1 AND user_id = $2";

/// Replaces a user's password.
pub async fn set_password(tx: &TenantTx, user: UserId, hash: &str) -> Result<(), StoreError> {
    tx.run_one(SET_PASSWORD, params![tx.tenant().0 => UUID, user.0 => UUID, hash => TEXT]).await
}

fn from_row(row: &Row) -> Result<User, StoreError> {
    let role: &str = row.get("role");
    Ok(User {
        tenant_id: TenantId(row.get("tenant_id")),
        user_id: UserId(row.get("user_id")),
        email: row.get("email"),
        name: row.get("name"),
        role: role.parse().map_err(|error| StoreError::Inconsistent {
            table: "users",
            what: format!("role {role} {error}"),
        })?,
        password_hash: row.get("password_hash"),
        tenant_is_active: row.get("tenant_is_active"),
        created_at: row.get("created_at"),
    })
}

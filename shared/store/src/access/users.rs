//! The people who log in.

use domain::tenants::usage::Quantity;
use domain::{Role, TenantId, TenantState, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};
use crate::usage;

/// A user with what a login or a request needs to know about its tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub tenant_id: TenantId,
    pub tenant_state: TenantState,
    pub user_id: UserId,
    /// Lower-cased.
    pub email: String,
    pub name: String,
    pub role: Role,
    /// argon2id in PHC form; absent until an invitation was taken up.
    pub password_hash: Option<String>,
    /// When the user showed that the address is theirs.
    pub email_proven_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A user that is about to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Lower-cased.
    pub email: String,
    pub name: String,
    pub role: Role,
    /// argon2id in PHC form; `None` for a user who is invited to choose a password.
    pub password_hash: Option<String>,
}

/// The unique constraint on a user's e-mail.
pub const EMAIL_TAKEN: &str = "users_email_key";

pub(crate) const STATEMENTS: &[&str] = &[
    INSERT,
    FIND,
    FIND_OWNER,
    OWNERS,
    FIND_BY_EMAIL,
    FIND_SUPER_ADMIN,
    SET_PASSWORD,
    PROVE_EMAIL,
    SET_EMAIL,
];

/// Of `users u JOIN tenants t`.
macro_rules! columns {
    () => {
        "u.tenant_id, t.state AS tenant_state, u.user_id, u.email, u.name, u.role, u.password_hash, u.email_proven_at, u.created_at"
    };
}

const INSERT: &str = concat!(
    "-- users::insert
WITH u AS (
    INSERT INTO users (tenant_id, user_id, email, name, role, password_hash, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *)
SELECT ",
    columns!(),
    "
  FROM u JOIN tenants t USING (tenant_id)"
);

/// Adds a user, if the plan allows one more; [`EMAIL_TAKEN`] refuses a second one of the same e-mail.
pub async fn insert(tx: &TenantTx, user: &NewUser) -> Result<User, StoreError> {
    let values = params![
        tx.tenant().0 => UUID, UserId::at(tx.now()).0 => UUID, user.email => TEXT, user.name => TEXT,
        user.role.as_str() => TEXT, user.password_hash => TEXT, tx.now() => TIMESTAMPTZ,
    ];
    let row = tx.row(INSERT, values).await?;
    let missing =
        || StoreError::Inconsistent { table: "users", what: "the new user has no tenant".to_owned() };
    let user = from_row(&row.ok_or_else(missing)?)?;
    usage::take(tx, Quantity::Users, 1).await?;
    Ok(user)
}

const FIND: &str = concat!(
    "-- users::find
SELECT ",
    columns!(),
    "
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.tenant_id = $1 AND u.user_id = $2"
);

/// A user of the tenant.
pub async fn find(tx: &TenantTx, user: UserId) -> Result<Option<User>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, user.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const FIND_OWNER: &str = concat!(
    "-- users::find_owner
SELECT ",
    columns!(),
    "
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.tenant_id = $1 AND u.role = 'OWNER' ORDER BY u.user_id LIMIT 1"
);

/// The tenant's first owner, if there is such a tenant.
pub async fn find_owner(tx: &TenantTx) -> Result<Option<User>, StoreError> {
    let row = tx.row(FIND_OWNER, params![tx.tenant().0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

/// Owners that are written to at most.
const OWNERS_MAX: i64 = 20;

const OWNERS: &str = concat!(
    "-- users::owners
SELECT ",
    columns!(),
    "
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.tenant_id = $1 AND u.role = 'OWNER' ORDER BY u.user_id LIMIT $2"
);

/// The tenant's owners, the first ones when there are many.
pub async fn owners(tx: &TenantTx) -> Result<Vec<User>, StoreError> {
    tx.rows(OWNERS, params![tx.tenant().0 => UUID, OWNERS_MAX => INT8]).await?.iter().map(from_row).collect()
}

const FIND_BY_EMAIL: &str = concat!(
    "-- users::find_by_email
SELECT ",
    columns!(),
    "
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.email = $1"
);

/// The user who logs in with that (lower-cased) e-mail. Needs a system transaction: the tenant is not known yet.
pub async fn find_by_email(tx: &SystemTx, email: &str) -> Result<Option<User>, StoreError> {
    let row = tx.row(FIND_BY_EMAIL, params![email => TEXT]).await?;
    row.as_ref().map(from_row).transpose()
}

const FIND_SUPER_ADMIN: &str = concat!(
    "-- users::find_super_admin
SELECT ",
    columns!(),
    "
  FROM users u JOIN tenants t USING (tenant_id) WHERE u.role = 'SUPER_ADMIN' ORDER BY u.user_id LIMIT 1"
);

/// The first super admin, if the platform has one yet.
pub async fn find_super_admin(tx: &SystemTx) -> Result<Option<User>, StoreError> {
    let row = tx.row(FIND_SUPER_ADMIN, params![]).await?;
    row.as_ref().map(from_row).transpose()
}

const SET_PASSWORD: &str = "-- users::set_password
UPDATE users SET password_hash = $3 WHERE tenant_id = $1 AND user_id = $2";

pub async fn set_password(tx: &TenantTx, user: UserId, hash: &str) -> Result<(), StoreError> {
    tx.run_one(SET_PASSWORD, params![tx.tenant().0 => UUID, user.0 => UUID, hash => TEXT]).await
}

const PROVE_EMAIL: &str = "-- users::prove_email
UPDATE users SET email_proven_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND email_proven_at IS NULL";

/// Notes that the user's address is theirs; returns whether that was not known before.
pub async fn prove_email(tx: &TenantTx, user: UserId) -> Result<bool, StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, tx.now() => TIMESTAMPTZ];
    Ok(tx.run(PROVE_EMAIL, values).await? > 0)
}

const SET_EMAIL: &str = "-- users::set_email
UPDATE users SET email = $3, email_proven_at = $4 WHERE tenant_id = $1 AND user_id = $2";

/// Gives the user another address, which is proven; [`EMAIL_TAKEN`] refuses another user's.
pub async fn set_email(tx: &TenantTx, user: UserId, email: &str) -> Result<(), StoreError> {
    let values = params![tx.tenant().0 => UUID, user.0 => UUID, email => TEXT, tx.now() => TIMESTAMPTZ];
    tx.run_one(SET_EMAIL, values).await
}

fn from_row(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        tenant_id: TenantId(row.get("tenant_id")),
        tenant_state: word(row, "tenants", "tenant_state")?,
        user_id: UserId(row.get("user_id")),
        email: row.get("email"),
        name: row.get("name"),
        role: word(row, "users", "role")?,
        password_hash: row.get("password_hash"),
        email_proven_at: row.get("email_proven_at"),
        created_at: row.get("created_at"),
    })
}

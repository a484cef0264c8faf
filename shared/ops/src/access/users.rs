//! The users of a tenant, managed by its owners and admins and by keys with the scope for it.
//!
//! Changes of one tenant's users are made one after another, under the lock of the tenant, and the caller's own rights are
//! read again under it: of two owners who demote each other at the same time one is too late.

pub mod add;
pub mod change;
pub mod invite_again;
pub mod remove;

use domain::access::manage::{Manager, NotAllowed};
use domain::problem::{FieldError, Kind};
use domain::{Actor, Problem, Role};
use store::access::managed_users;
pub use store::access::managed_users::ManagedUser;
use store::access::users::EMAIL_TAKEN;
use store::access::{api_keys, users};
use store::{StoreError, TenantTx, tenants};
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::idempotent::KeyError;
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::UserReader;
use crate::kernel::platform::Platform;

#[derive(Debug, Error)]
pub enum UserError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    #[error("there is no such user")]
    NotFound,
    /// Of a user of this or of another tenant: the answer does not say which.
    #[error("the e-mail is already taken")]
    EmailTaken,
    #[error("the user has chosen a password already, and can log in with it")]
    HasPassword,
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for UserError {
    fn from(error: StoreError) -> Self {
        if error.is_constraint(EMAIL_TAKEN) { Self::EmailTaken } else { Self::Store(error) }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Invalid(fields) => Self::invalid(fields),
            UserError::NotAllowed(why) => Self::new(Kind::Forbidden).with_detail(why),
            UserError::NotFound => Self::new(Kind::NotFound),
            UserError::EmailTaken | UserError::HasPassword => Self::new(Kind::Conflict).with_detail(error),
            UserError::Key(error) => error.into(),
            UserError::Store(error) => error.into(),
        }
    }
}

/// The tenant's users older than `before`, newest first.
pub async fn list(
    platform: &Platform,
    permit: &UserReader,
    before: Uuid,
    limit: i64,
) -> Result<Vec<ManagedUser>, StoreError> {
    platform.store.perform(&platform.act(permit), &ListUsers { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_users";
    struct ListUsers { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<ManagedUser> { managed_users::list(tx, self.before, self.limit) }
}

/// Locks the tenant's users against other changes, and reads what the caller may do now.
async fn manager(tx: &TenantTx) -> Result<Manager, UserError> {
    tenants::lock_access(tx).await?;
    let manager = match tx.actor() {
        Actor::User(id) => match users::find(tx, id).await?.map(|user| user.role) {
            Some(Role::Owner) => Some(Manager::Owner(id)),
            Some(Role::Admin) => Some(Manager::Admin(id)),
            Some(Role::Viewer | Role::Sender | Role::SuperAdmin) | None => None,
        },
        Actor::ApiKey(id) => {
            let key = api_keys::find(tx, id).await?;
            key.filter(|key| key.is_live(tx.now())).map(|_live| Manager::Key)
        }
        Actor::System | Actor::Meta => None,
    };
    manager.ok_or(UserError::NotAllowed(NotAllowed::NoLonger))
}

/// A role that a user of a tenant may have.
fn check_role(role: Role) -> Result<Role, FieldError> {
    if Role::OF_TENANTS.contains(&role) {
        return Ok(role);
    }
    let words = Role::OF_TENANTS.map(Role::as_str).join(", ");
    Err(FieldError::new("role", format!("must be one of {words}")))
}

//! The platform's own tenant and its first super admin, made once.

use domain::{Role, TenantId, UserId};
use jiff::Timestamp;
use store::users::{self, User};
use store::{Operation, Scope, StoreError, Tx};
use thiserror::Error;

use crate::password::{self, HashError, PasswordError};
use crate::platform::Platform;
use crate::register_tenant::{self, RegisterError, Registration};
use crate::text::{self, FieldError};

/// The slug of the tenant that super admins belong to.
pub const PLATFORM_SLUG: &str = "platform";

/// Why the platform has no super admin.
#[derive(Debug, Error)]
pub enum OwnerError {
    /// The e-mail is none.
    #[error(transparent)]
    Email(#[from] FieldError),
    /// The password is none.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Its tenant could not be made.
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl From<StoreError> for OwnerError {
    fn from(error: StoreError) -> Self {
        Self::Register(error.into())
    }
}

/// Makes the super admin unless there is one; tells whether it did.
pub async fn ensure_super_admin(
    platform: &Platform,
    email: &str,
    password: String,
) -> Result<bool, OwnerError> {
    let email = text::email("email", email)?;
    password::check(&password)?;
    if platform.store.perform(Scope::System, &FindSuperAdmin).await?.is_some() {
        return Ok(false);
    }
    let password_hash = platform.passwords.hash(password).await?;
    let make = MakeSuperAdmin { email, password_hash, now: platform.clock.now() };
    platform.store.perform(Scope::System, &make).await
}

struct FindSuperAdmin;

impl Operation for FindSuperAdmin {
    const NAME: &'static str = "find_super_admin";
    type Done = Option<User>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Option<User>, StoreError> {
        users::find_super_admin(tx).await
    }
}

struct MakeSuperAdmin {
    email: String,
    password_hash: String,
    now: Timestamp,
}

impl Operation for MakeSuperAdmin {
    const NAME: &'static str = "make_super_admin";
    type Done = bool;
    type Error = OwnerError;

    async fn run(&self, tx: &Tx) -> Result<bool, OwnerError> {
        if users::find_super_admin(tx).await?.is_some() {
            return Ok(false);
        }
        let platform = Registration {
            tenant_name: "Platform".to_owned(),
            slug: PLATFORM_SLUG.to_owned(),
            admin_email: format!("nobody@{PLATFORM_SLUG}.invalid"),
            admin_password: None,
            admin_name: "Nobody".to_owned(),
            plan: register_tenant::PLAN_DEFAULT.to_owned(),
        };
        let tenant = TenantId::at(self.now);
        register_tenant::insert(tx, tenant, &platform, None, self.now).await?;
        let owner = User {
            tenant_id: tenant,
            user_id: UserId::at(self.now),
            email: self.email.clone(),
            name: "Super admin".to_owned(),
            role: Role::SuperAdmin,
            password_hash: Some(self.password_hash.clone()),
            tenant_is_active: true,
            created_at: self.now,
        };
        users::insert(tx, &owner).await?;
        Ok(true)
    }
}

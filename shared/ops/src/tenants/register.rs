//! A business signs itself up: tenant, wallet and owner in one transaction.

use domain::problem::{FieldError, Kind};
use domain::{Problem, Role, TenantId, UserId};
use store::access::users::{self, User};
use store::tenants::{self, Tenant};
use store::{Operation, StoreError, TenantTx, tenants::plans};
use thiserror::Error;

use crate::kernel::fields;
use crate::kernel::passwords::{self, HashError};
use crate::kernel::platform::Platform;
use crate::kernel::problem::internal;
use crate::whatsapp::connect::connect_to_sandbox;

/// The plan of a business that did not choose one.
pub const PLAN_DEFAULT: &str = "Starter";

/// What a business says of itself.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The business' name.
    pub tenant_name: String,
    /// Its name in addresses.
    pub slug: String,
    /// Its owner's e-mail.
    pub admin_email: String,
    /// Its owner's password; absent for an owner who is invited to choose one.
    pub admin_password: Option<String>,
    /// Its owner's name.
    pub admin_name: String,
    /// The plan's name.
    pub plan: String,
}

/// Who was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The new tenant.
    pub tenant: Tenant,
    /// Its owner.
    pub owner: User,
}

/// Why a business could not be registered.
#[derive(Debug, Error)]
pub enum RegisterError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    /// Another tenant has that slug.
    #[error("the slug is already taken")]
    SlugTaken,
    /// Another user logs in with that e-mail.
    #[error("the e-mail is already taken")]
    EmailTaken,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RegisterError {
    fn from(error: StoreError) -> Self {
        if error.is_constraint(tenants::SLUG_TAKEN) {
            return Self::SlugTaken;
        }
        if error.is_constraint(users::EMAIL_TAKEN) {
            return Self::EmailTaken;
        }
        Self::Store(error)
    }
}

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Invalid(fields) => Self::invalid(fields),
            RegisterError::SlugTaken | RegisterError::EmailTaken => {
                Self::new(Kind::Conflict).with_detail(error)
            }
            RegisterError::Hash(error) => internal(&error),
            RegisterError::Store(error) => error.into(),
        }
    }
}

/// Registers a business with its owner.
pub async fn register_tenant(platform: &Platform, asked: Registration) -> Result<Registered, RegisterError> {
    let checked = check(asked)?;
    let password_hash = match &checked.admin_password {
        Some(password) => Some(platform.passwords.hash(password.clone()).await?),
        None => None,
    };
    let now = platform.clock.now();
    // Whose rows they are is only known here, so the walls are up before the first of them is written.
    let tenant = TenantId::at(now);
    let register = RegisterTenant { asked: checked, password_hash };
    let registered = platform.store.perform(&platform.as_system(tenant), &register).await?;
    connect_to_sandbox(platform, tenant).await;
    Ok(registered)
}

/// Checks every field and tidies it up.
pub(crate) fn check(asked: Registration) -> Result<Registration, RegisterError> {
    let tenant_name = fields::name("tenantName", &asked.tenant_name);
    let slug = fields::slug("slug", &asked.slug);
    let admin_email = fields::email("adminEmail", &asked.admin_email);
    let admin_name = fields::name("adminName", &asked.admin_name);
    let password = asked.admin_password.as_deref().map_or(Ok(()), passwords::check);
    let password = password.map_err(|error| FieldError::new("adminPassword", error));
    match (tenant_name, slug, admin_email, admin_name, password) {
        (Ok(tenant_name), Ok(slug), Ok(admin_email), Ok(admin_name), Ok(())) => {
            Ok(Registration { tenant_name, slug, admin_email, admin_name, ..asked })
        }
        (tenant_name, slug, admin_email, admin_name, password) => Err(RegisterError::Invalid(
            [tenant_name.err(), slug.err(), admin_email.err(), admin_name.err(), password.err()]
                .into_iter()
                .flatten()
                .collect(),
        )),
    }
}

struct RegisterTenant {
    asked: Registration,
    password_hash: Option<String>,
}

impl Operation for RegisterTenant {
    const NAME: &'static str = "register_tenant";
    type Done = Registered;
    type Error = RegisterError;

    async fn run(&self, tx: &TenantTx) -> Result<Registered, RegisterError> {
        insert(tx, &self.asked, self.password_hash.clone()).await
    }
}

/// Writes a tenant with its owner; shared with the platform's own way of making one.
pub(crate) async fn insert(
    tx: &TenantTx,
    asked: &Registration,
    password_hash: Option<String>,
) -> Result<Registered, RegisterError> {
    let plan = plans::find_by_name(tx, &asked.plan)
        .await?
        .ok_or_else(|| RegisterError::Invalid(vec![FieldError::new("plan", "is not the name of a plan")]))?;
    let tenant = Tenant {
        tenant_id: tx.tenant(),
        slug: asked.slug.clone(),
        name: asked.tenant_name.clone(),
        plan_id: plan.plan_id,
        plan_name: plan.name,
        is_active: true,
        created_at: tx.now(),
    };
    let owner = User {
        tenant_id: tx.tenant(),
        user_id: UserId::at(tx.now()),
        email: asked.admin_email.clone(),
        name: asked.admin_name.clone(),
        role: Role::Owner,
        password_hash,
        tenant_is_active: true,
        created_at: tx.now(),
    };
    tenants::insert(tx, &tenant).await?;
    users::insert(tx, &owner).await?;
    Ok(Registered { tenant, owner })
}

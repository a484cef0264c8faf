//! The platform's tenant and its super admins: the first one is created at the first start or deploy.

use domain::access::email::EmailKind;
use domain::events::DomainEvent;
use domain::problem::FieldError;
use domain::{Role, SystemAct, TenantId, TenantState, UserId};
use jiff::Timestamp;
use store::access::users::{self, NewUser, User};
use store::tenants::{self, NewTenant};
use store::{Store, StoreError, SystemOperation, SystemTx, emails, outbox, tenants::plans};
use thiserror::Error;

use crate::kernel::fields;
use crate::kernel::passwords::{self, HashError, PasswordError};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};
use crate::tenants::register::{self, RegisterError};

/// The slug of the tenant that super admins belong to.
pub const PLATFORM_SLUG: &str = "platform";
const PLATFORM_NAME: &str = "Platform";

#[derive(Debug, Error)]
pub enum OwnerError {
    #[error(transparent)]
    Email(#[from] FieldError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Register(#[from] RegisterError),
}

impl From<StoreError> for OwnerError {
    fn from(error: StoreError) -> Self {
        Self::Register(error.into())
    }
}

/// Ensures that there is a super admin.
///
/// With `is_chosen` the operator configured this login: it is created, or gets this password. Without, it is created only
/// when the platform has no super admin yet. Returns whether anything changed.
pub async fn ensure_super_admin(
    platform: &Platform,
    email: &str,
    password: String,
    is_chosen: bool,
) -> Result<bool, OwnerError> {
    let email = fields::email("email", email)?;
    let found =
        platform.store.perform_system(&platform.system(), &FindSuperAdmin { email: email.clone() }).await?;
    let is_right = match &found {
        Existing::None => false,
        Existing::OtherEmail => !is_chosen,
        Existing::SameEmail(hash) => {
            let place = platform.passwords.place(b"start")?;
            !is_chosen || platform.passwords.verify(place, password.clone(), hash.clone()).await?
        }
    };
    if is_right {
        return Ok(false);
    }
    // Only a password that is about to be set: a login of before goes on.
    passwords::check(&password)?;
    let password_hash = platform.passwords.hash(password).await?;
    let make = MakeSuperAdmin { email, password_hash };
    let user = platform.store.perform_system(&platform.system(), &make).await?;
    note(SecurityEvent::SuperAdminSet, Some(user));
    Ok(true)
}

/// Ensures that there is a super admin of this e-mail, who chooses a password through a link that is mailed with the next
/// sweep. Returns whether an e-mail will be sent: none to a super admin who has a password.
pub async fn invite_super_admin(store: &Store, email: &str, now: Timestamp) -> Result<bool, OwnerError> {
    let invite = InviteSuperAdmin { email: email.to_owned() };
    store.perform_system(&SystemAct::at(now), &invite).await.map(|(_user, is_mailed)| is_mailed)
}

/// The same in a transaction that is open; also says who it is.
pub(crate) async fn invite_in(tx: &SystemTx, email: &str) -> Result<(UserId, bool), OwnerError> {
    let owner = find_or_create(tx, &fields::email("email", email)?).await?;
    if owner.password_hash.is_some() {
        return Ok((owner.user_id, false));
    }
    let (tenant_id, user_id) = (owner.tenant_id, owner.user_id);
    let tx = &tx.as_tenant(tenant_id);
    let email_id = emails::queue(tx, EmailKind::Invitation, Some(user_id), &owner.email).await?;
    let event = DomainEvent::UserInvited { tenant_id, user_id, email: owner.email, email_id: Some(email_id) };
    outbox::put(tx, &event).await?;
    Ok((user_id, true))
}

enum Existing {
    None,
    OtherEmail,
    /// With this e-mail; holds the hash of the password.
    SameEmail(Option<String>),
}

struct FindSuperAdmin {
    email: String,
}

impl SystemOperation for FindSuperAdmin {
    const NAME: &'static str = "find_super_admin";
    type Done = Existing;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Existing, StoreError> {
        if let Some(same) = users::find_by_email(tx, &self.email).await? {
            return Ok(Existing::SameEmail(same.password_hash));
        }
        Ok(if users::find_super_admin(tx).await?.is_some() { Existing::OtherEmail } else { Existing::None })
    }
}

struct MakeSuperAdmin {
    email: String,
    password_hash: String,
}

impl SystemOperation for MakeSuperAdmin {
    const NAME: &'static str = "make_super_admin";
    type Done = UserId;
    type Error = OwnerError;

    async fn run(&self, tx: &SystemTx) -> Result<UserId, OwnerError> {
        let owner = find_or_create(tx, &self.email).await?;
        users::set_password(&tx.as_tenant(owner.tenant_id), owner.user_id, &self.password_hash).await?;
        Ok(owner.user_id)
    }
}

struct InviteSuperAdmin {
    email: String,
}

impl SystemOperation for InviteSuperAdmin {
    const NAME: &'static str = "invite_super_admin";
    type Done = (UserId, bool);
    type Error = OwnerError;

    async fn run(&self, tx: &SystemTx) -> Result<(UserId, bool), OwnerError> {
        invite_in(tx, &self.email).await
    }
}

/// The super admin of this e-mail, created without a password when there is none.
async fn find_or_create(tx: &SystemTx, email: &str) -> Result<User, OwnerError> {
    if let Some(same) = users::find_by_email(tx, email).await? {
        if same.role != Role::SuperAdmin {
            return Err(OwnerError::Email(FieldError::new("email", "already belongs to a user of a tenant")));
        }
        return Ok(same);
    }
    let tenant = match users::find_super_admin(tx).await? {
        Some(first) => first.tenant_id,
        None => create_platform_tenant(tx).await?,
    };
    let owner = NewUser {
        email: email.to_owned(),
        name: "Super admin".to_owned(),
        role: Role::SuperAdmin,
        password_hash: None,
    };
    Ok(users::insert(&tx.as_tenant(tenant), &owner).await?)
}

async fn create_platform_tenant(tx: &SystemTx) -> Result<TenantId, OwnerError> {
    let plan = plans::find_by_name(tx, register::PLAN_DEFAULT).await?;
    let plan = plan.ok_or_else(|| FieldError::new("plan", "Starter does not exist"))?;
    let tenant = NewTenant {
        slug: PLATFORM_SLUG.to_owned(),
        name: PLATFORM_NAME.to_owned(),
        plan_id: plan.plan_id,
        state: TenantState::Active,
    };
    let tenant = tenants::insert(&tx.as_tenant(TenantId::at(tx.now())), &tenant).await?;
    Ok(tenant.tenant_id)
}

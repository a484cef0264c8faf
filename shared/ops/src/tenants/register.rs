//! A business registers itself: tenant, wallet and owner in one transaction.

use domain::access::email::{EmailKind, EmailProof};
use domain::problem::{FieldError, Kind};
use domain::{Problem, RegistrationMode, Role, TenantId, TenantState};
use serde_json::json;
use store::access::users::{self, NewUser, User};
use store::audit_log::{self, NewEntry};
use store::tenants::plans::{self, NamedPlan};
use store::tenants::{self, NewTenant, Tenant};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx};
use thiserror::Error;

use crate::access::proof;
use crate::kernel::events::publish_soon;
use crate::kernel::one_statement::one_statement;
use crate::kernel::passwords::{self, HashError};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};
use crate::kernel::{emails, fields};
use crate::tenants::invitation_code::hash_of;

/// The password of the API's example of a registration. It is among the most common ones, so only a system that works
/// with a sandbox takes it: everybody may try the example as it stands, and it protects nothing that is real.
const EXAMPLE_PASSWORD: &str = "password123";

/// The plan of a business that did not choose one.
pub const PLAN_DEFAULT: &str = "Starter";

#[derive(Clone, Debug)]
pub struct Registration {
    pub tenant_name: String,
    pub slug: String,
    pub admin_email: String,
    /// Absent for an owner who is invited to choose one.
    pub admin_password: Option<String>,
    pub admin_name: String,
    pub plan: String,
    /// The code of an invitation.
    pub invitation: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub tenant: Tenant,
    pub owner: User,
}

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
    #[error(
        "businesses cannot register here by themselves: ask the platform's owner to create an account for you"
    )]
    Closed,
    /// Unknown, used, expired, or for another address: the answer does not say which.
    #[error(
        "is not valid for this address: it may have been used, or have expired; ask the platform's owner for a new one"
    )]
    Invitation,
    #[error(transparent)]
    Hash(#[from] HashError),
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
            RegisterError::Closed => Self::new(Kind::RegistrationClosed).with_detail(error),
            RegisterError::Invitation => Self::field("invitation", error),
            RegisterError::Hash(error) => error.into(),
            RegisterError::Store(error) => error.into(),
        }
    }
}

/// Registers a business with its owner, if the platform lets it.
pub async fn register_tenant(
    platform: &Platform,
    request: Registration,
) -> Result<Registered, RegisterError> {
    let is_example = |password: &str| platform.meta.is_sandbox() && password == EXAMPLE_PASSWORD;
    may_register(platform.registration, request.invitation.as_deref())?;
    let checked = check(request, is_example)?;
    let code_hash = checked.invitation.as_deref().map(hash_of);
    if let Some(code_hash) = &code_hash {
        // Before anything is hashed: without a code there is nothing that a caller can make this process work for.
        let find = FindInvitation { code_hash: code_hash.clone(), email: checked.admin_email.clone() };
        if !platform.store.perform_system(&platform.system(), &find).await? {
            note(SecurityEvent::LinkRefused, None);
            return Err(RegisterError::Invitation);
        }
    }
    let password_hash = match &checked.admin_password {
        Some(password) => Some(platform.passwords.hash(password.clone()).await?),
        None => None,
    };
    let now = platform.clock.now();
    // The id is chosen before the transaction, so that row-level security already applies to the first row.
    let tenant = TenantId::at(now);
    let register = RegisterTenant { request: checked, password_hash, email_proof: platform.email_proof };
    let registered = match code_hash {
        None => platform.store.perform(&platform.as_system(tenant), &register).await?,
        // The invitation is the platform's and the rows are the new tenant's: only the system role sees both.
        Some(code_hash) => {
            let invited = RegisterInvited { tenant, register, code_hash };
            platform.store.perform_system(&platform.system(), &invited).await?
        }
    };
    tracing::Span::current().record("tenant", tracing::field::display(tenant));
    note(SecurityEvent::TenantCreated, Some(registered.owner.user_id));
    platform.call_new_tenant_hook(tenant).await;
    publish_soon(platform).await;
    Ok(registered)
}

fn may_register(mode: RegistrationMode, invitation: Option<&str>) -> Result<(), RegisterError> {
    match (mode, invitation) {
        (RegistrationMode::Closed, _) => Err(RegisterError::Closed),
        (RegistrationMode::Invitation, None) => {
            let why = "is needed to register here: ask the platform's owner for one";
            Err(RegisterError::Invalid(vec![FieldError::new("invitation", why)]))
        }
        (RegistrationMode::Invitation | RegistrationMode::Open, _) => Ok(()),
    }
}

/// Checks and normalises every field. `is_allowed` says which password is taken as it is.
pub(crate) fn check(
    request: Registration,
    is_allowed: impl FnOnce(&str) -> bool,
) -> Result<Registration, RegisterError> {
    let tenant_name = fields::name("tenantName", &request.tenant_name);
    let slug = fields::slug("slug", &request.slug);
    let admin_email = fields::email("adminEmail", &request.admin_email);
    let admin_name = fields::name("adminName", &request.admin_name);
    let chosen = request.admin_password.as_deref();
    let password = match chosen {
        Some(password) if !is_allowed(password) => passwords::check(password),
        Some(_) | None => Ok(()),
    };
    let password = password.map_err(|error| FieldError::new("adminPassword", error));
    match (tenant_name, slug, admin_email, admin_name, password) {
        (Ok(tenant_name), Ok(slug), Ok(admin_email), Ok(admin_name), Ok(())) => {
            Ok(Registration { tenant_name, slug, admin_email, admin_name, ..request })
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
    request: Registration,
    password_hash: Option<String>,
    email_proof: EmailProof,
}

impl Operation for RegisterTenant {
    const NAME: &'static str = "register_tenant";
    type Done = Registered;
    type Error = RegisterError;

    async fn run(&self, tx: &TenantTx) -> Result<Registered, RegisterError> {
        self.add(tx, &self.request).await
    }
}

impl RegisterTenant {
    async fn add(&self, tx: &TenantTx, request: &Registration) -> Result<Registered, RegisterError> {
        let owner = (TenantState::Trial, self.password_hash.clone());
        let registered = insert(tx, request, owner, self.email_proof).await?;
        let owner = &registered.owner;
        emails::queue(tx, EmailKind::Proof, Some(owner.user_id), &owner.email).await?;
        record(tx, "tenant.register", &registered).await?;
        Ok(registered)
    }
}

one_statement! {
    const NAME: &'static str = "find_invitation";
    system struct FindInvitation { code_hash: Vec<u8>, email: String }
    fn run(&self, tx) -> bool { store::tenants::invitations::is_valid(tx, &self.code_hash, &self.email) }
}

/// The same with an invitation, which is used up; its plan is the one that counts.
struct RegisterInvited {
    tenant: TenantId,
    register: RegisterTenant,
    code_hash: Vec<u8>,
}

impl SystemOperation for RegisterInvited {
    const NAME: &'static str = "register_invited";
    type Done = Registered;
    type Error = RegisterError;

    async fn run(&self, tx: &SystemTx) -> Result<Registered, RegisterError> {
        let request = &self.register.request;
        let used =
            store::tenants::invitations::use_up(tx, &self.code_hash, &request.admin_email, self.tenant)
                .await?;
        let plan = used.ok_or(RegisterError::Invitation)?.unwrap_or_else(|| request.plan.clone());
        if offered(plans::find_by_name(tx, &plan).await?).is_err() {
            let why = "is for a plan that is no longer offered; ask the platform's owner for a new one";
            return Err(RegisterError::Invalid(vec![FieldError::new("invitation", why)]));
        }
        let tx = &tx.as_tenant(self.tenant);
        let request = Registration { plan, ..request.clone() };
        self.register.add(tx, &request).await
    }
}

/// The first entry of a tenant's audit log.
pub(crate) async fn record(
    tx: &TenantTx,
    action: &'static str,
    Registered { tenant, owner }: &Registered,
) -> Result<(), StoreError> {
    // Without its names, which are removed when it is erased: an entry stays.
    let detail = json!({ "plan": tenant.plan_name, "owner": owner.user_id });
    let entry = NewEntry::new(action, format!("tenant:{}", tenant.tenant_id), detail);
    audit_log::append(tx, &entry).await.map(drop)
}

/// The plan of that name, if new tenants may be put on it.
pub(crate) fn offered(plan: Option<NamedPlan>) -> Result<NamedPlan, FieldError> {
    match plan {
        None => Err(FieldError::new("plan", "is not the name of a plan")),
        Some(NamedPlan { archived_at: Some(_), .. }) => {
            Err(FieldError::new("plan", "is archived and takes no new tenants"))
        }
        Some(plan) => Ok(plan),
    }
}

/// Adds a tenant with its owner, whose address is not proven; also used when the platform's owner creates one.
pub(crate) async fn insert(
    tx: &TenantTx,
    request: &Registration,
    (state, password_hash): (TenantState, Option<String>),
    email_proof: EmailProof,
) -> Result<Registered, RegisterError> {
    let plan = offered(plans::find_by_name(tx, &request.plan).await?)
        .map_err(|error| RegisterError::Invalid(vec![error]))?;
    let tenant = NewTenant {
        slug: request.slug.clone(),
        name: request.tenant_name.clone(),
        plan_id: plan.plan_id,
        state,
    };
    let owner = NewUser {
        email: request.admin_email.clone(),
        name: request.admin_name.clone(),
        role: Role::Owner,
        password_hash,
    };
    let tenant = tenants::insert(tx, &tenant).await?;
    let owner = users::insert(tx, &owner).await?;
    match email_proof {
        EmailProof::Required => proof::hold(tx).await?,
        EmailProof::Off => {}
    }
    Ok(Registered { tenant, owner })
}

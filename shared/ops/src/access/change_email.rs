//! Another e-mail address for a user: it is theirs when the new address and the one before have both confirmed it.
//!
//! Nothing here looks up whose the new address is before both have confirmed, so the answer does not say it.

use domain::access::Source;
use domain::access::email::{EmailKind, LinkPurpose};
use domain::problem::{FieldError, Kind};
use domain::{Problem, TenantId, UserId};
use jiff::SignedDuration;
use serde_json::json;
use store::access::email_changes::{self, EmailChange, Side};
use store::access::email_requests::{self, Allowance};
use store::access::links::Link;
use store::access::users::{self, User};
use store::access::{invites, links};
use store::audit_log::{self, NewEntry};
use store::{StoreError, SystemOperation, SystemTx, TenantTx};
use thiserror::Error;

use crate::access::login::{self, LoginError};
use crate::access::proof;
use crate::kernel::events::publish_soon;
use crate::kernel::hash::sha256;
use crate::kernel::permit::{Member, Permit};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};
use crate::kernel::{emails, fields};

/// How long both addresses have to confirm.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How often a user may begin a change.
const CHANGES: Allowance = Allowance { burst: 3, one_after: SignedDuration::from_mins(20) };

#[derive(Debug, Error)]
pub enum ChangeEmailError {
    #[error(transparent)]
    Email(#[from] FieldError),
    /// The password is wrong, or too many were.
    #[error(transparent)]
    Login(#[from] LoginError),
    #[error("too many changes of the e-mail address were begun; try again later")]
    TooMany { wait: SignedDuration },
    #[error("only a user has an e-mail address")]
    NoUser,
    /// Used, expired, or never made: the answer does not say which.
    #[error("the link is no longer valid")]
    BadLink,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ChangeEmailError> for Problem {
    fn from(error: ChangeEmailError) -> Self {
        match error {
            ChangeEmailError::Email(field) => Self::invalid(vec![field]),
            // The caller is logged in, so this is not about the token.
            ChangeEmailError::Login(LoginError::Wrong) => Self::field("password", "is wrong"),
            ChangeEmailError::Login(error) => error.into(),
            ChangeEmailError::TooMany { wait } => Self::new(Kind::TooMany).with_detail(error).after(wait),
            ChangeEmailError::NoUser => Self::new(Kind::Forbidden).with_detail(error),
            ChangeEmailError::BadLink => Self::new(Kind::NotPossible).with_detail(error),
            ChangeEmailError::Store(error) => error.into(),
        }
    }
}

/// Begins a change of the caller's address: both addresses get a link. One that was under way ends.
pub async fn change_email(
    platform: &Platform,
    permit: &Member,
    email: &str,
    password: String,
) -> Result<(), ChangeEmailError> {
    let new = fields::email("email", email)?;
    let (tenant, source) = (permit.tenant(), permit.caller().source);
    let user = permit.caller().actor.user().ok_or(ChangeEmailError::NoUser)?;
    let change = ChangeEmail { tenant, user, new };
    let present = confirm_password(platform, (tenant, user), source, password).await?;
    if present.email == change.new {
        return Err(FieldError::new("email", "is your address already").into());
    }
    platform.store.perform_system(&platform.system_act(permit), &change).await?;
    note(SecurityEvent::EmailChangeRequested, Some(user));
    publish_soon(platform).await;
    Ok(())
}

/// Throttled like a login: a stolen token must not be good for guessing.
async fn confirm_password(
    platform: &Platform,
    (tenant, user): (TenantId, UserId),
    source: Source,
    password: String,
) -> Result<User, ChangeEmailError> {
    let found = platform.store.perform(&platform.as_system(tenant), &login::FindUser { user }).await?;
    let email = found.ok_or(ChangeEmailError::NoUser)?.email;
    Ok(login::confirm(platform, source, &email, password).await?)
}

struct ChangeEmail {
    tenant: TenantId,
    user: UserId,
    /// Lower-cased.
    new: String,
}

impl SystemOperation for ChangeEmail {
    const NAME: &'static str = "change_email";
    type Done = ();
    type Error = ChangeEmailError;

    async fn run(&self, tx: &SystemTx) -> Result<(), ChangeEmailError> {
        let place = sha256(&[b"change".as_slice(), self.user.0.as_bytes()].concat());
        if let Some(wait) = email_requests::take(tx, &place, CHANGES).await? {
            return Err(ChangeEmailError::TooMany { wait });
        }
        let tx = &tx.as_tenant(self.tenant);
        let user = users::find(tx, self.user).await?.ok_or(ChangeEmailError::NoUser)?;
        end(tx, self.user).await?;
        email_changes::begin(tx, self.user, &self.new, tx.now() + GOOD_FOR).await?;
        emails::queue(tx, EmailKind::ChangeFromOld, Some(self.user), &user.email).await?;
        emails::queue(tx, EmailKind::ChangeToNew, Some(self.user), &self.new).await?;
        Ok(record(tx, "user.begin_email_change", self.user).await?)
    }
}

/// What became of a change with a confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Confirmed {
    /// The other address has to confirm too.
    ByOne,
    /// Both have, and it is done; whether the tenant's hold was lifted.
    Changed {
        is_lifted: bool,
    },
    /// Another user has the address meanwhile, and the change has ended.
    Taken,
    BadLink,
}

/// Confirms with a link that this transaction has locked with its change, and changes the address when both have.
pub(crate) async fn confirm(
    tx: &SystemTx,
    (user, change): (&User, &EmailChange),
    link: &Link,
    side: Side,
) -> Result<Confirmed, StoreError> {
    let of_tenant = &tx.as_tenant(user.tenant_id);
    let (address, is_confirmed_by_other) = match side {
        Side::New => (&change.new_email, change.is_confirmed_by_old),
        Side::Old => (&user.email, change.is_confirmed_by_new),
    };
    if link.address != *address {
        return Ok(Confirmed::BadLink);
    }
    links::drop(of_tenant, user.user_id, link.purpose).await?;
    if !is_confirmed_by_other {
        email_changes::confirm(of_tenant, user.user_id, side).await?;
        record(of_tenant, "user.confirm_email_change", user.user_id).await?;
        return Ok(Confirmed::ByOne);
    }
    finish(tx, user, change).await
}

async fn finish(tx: &SystemTx, user: &User, change: &EmailChange) -> Result<Confirmed, StoreError> {
    let of_tenant = &tx.as_tenant(user.tenant_id);
    end(of_tenant, user.user_id).await?;
    // Two that take an address at once: the unique constraint stops the second, which then comes here again.
    if users::find_by_email(tx, &change.new_email).await?.is_some() {
        record(of_tenant, "user.refuse_email_change", user.user_id).await?;
        return Ok(Confirmed::Taken);
    }
    users::set_email(of_tenant, user.user_id, &change.new_email).await?;
    // What was sent to the address before is no longer good.
    links::drop_all(of_tenant, user.user_id).await?;
    invites::drop_all(of_tenant, user.user_id).await?;
    let is_lifted = proof::lift(of_tenant, user.role).await?;
    record(of_tenant, "user.change_email", user.user_id).await?;
    Ok(Confirmed::Changed { is_lifted })
}

/// Stops a change with the link that the present address got.
pub async fn stop_email_change(platform: &Platform, secret: &str) -> Result<(), ChangeEmailError> {
    let stop = StopEmailChange { secret_hash: sha256(secret.as_bytes()) };
    match platform.store.perform_system(&platform.system(), &stop).await {
        Ok(user) => {
            note(SecurityEvent::EmailChangeStopped, Some(user));
            Ok(())
        }
        Err(error) => {
            if matches!(error, ChangeEmailError::BadLink) {
                note(SecurityEvent::LinkRefused, None);
            }
            Err(error)
        }
    }
}

struct StopEmailChange {
    secret_hash: Vec<u8>,
}

impl SystemOperation for StopEmailChange {
    const NAME: &'static str = "stop_email_change";
    type Done = UserId;
    type Error = ChangeEmailError;

    async fn run(&self, tx: &SystemTx) -> Result<UserId, ChangeEmailError> {
        let seen = links::find(tx, &self.secret_hash).await?;
        let seen = seen.filter(|link| link.purpose == LinkPurpose::ChangeFromOld);
        let seen = seen.ok_or(ChangeEmailError::BadLink)?;
        let of_tenant = &tx.as_tenant(seen.tenant_id);
        email_changes::lock(of_tenant, seen.user_id).await?.ok_or(ChangeEmailError::BadLink)?;
        links::lock(tx, &self.secret_hash).await?.ok_or(ChangeEmailError::BadLink)?;
        end(of_tenant, seen.user_id).await?;
        record(of_tenant, "user.stop_email_change", seen.user_id).await?;
        Ok(seen.user_id)
    }
}

async fn end(tx: &TenantTx, user: UserId) -> Result<(), StoreError> {
    email_changes::end(tx, user).await?;
    links::drop(tx, user, LinkPurpose::ChangeToNew).await?;
    links::drop(tx, user, LinkPurpose::ChangeFromOld).await
}

/// Addresses are personal: the entry says that it happened, and to whom.
async fn record(tx: &TenantTx, action: &'static str, user: UserId) -> Result<(), StoreError> {
    audit_log::append(tx, &NewEntry::new(action, format!("user:{user}"), json!({}))).await.map(drop)
}

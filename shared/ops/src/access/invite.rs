//! Single-use links to choose a password, used up at `/auth/set-password`: of an invitation, or of a password that was
//! forgotten.
//!
//! Only the hash of a link's secret is stored, and the secret itself is in no queue and no log (I29).

use domain::access::email::{EmailKind, LinkPurpose};
use domain::problem::Kind;
use domain::{Problem, TenantId, UserId};
use jiff::SignedDuration;
use serde_json::json;
use store::access::links::Link;
use store::access::users::{self, User};
use store::access::{invites, links, sessions};
use store::audit_log::{self, NewEntry};
use store::{StoreError, SystemOperation, SystemTx};
use thiserror::Error;

use crate::access::proof;
use crate::kernel::emails;
use crate::kernel::events::publish_soon;
use crate::kernel::hash::sha256;
use crate::kernel::passwords::{self, HashError, PasswordError};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};
use crate::kernel::wake_up::wake;

/// How long the link of an invitation is valid.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(72);

/// A link's secret: 256 random bits, as hexadecimal.
pub(crate) fn new_secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// Why a link did not set a password.
#[derive(Debug, Error)]
pub enum SetPasswordError {
    /// Used, expired, or never made: the answer does not say which.
    #[error("the link is no longer valid")]
    BadLink,
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SetPasswordError> for Problem {
    fn from(error: SetPasswordError) -> Self {
        match error {
            SetPasswordError::BadLink => Self::new(Kind::NotPossible).with_detail(error),
            SetPasswordError::Password(error) => Self::field("password", error),
            SetPasswordError::Hash(error) => error.into(),
            SetPasswordError::Store(error) => error.into(),
        }
    }
}

/// Uses a link up and sets the password of the user it was made for. The link is looked up before anything is hashed:
/// without one there is nothing that a caller can make this process work for.
pub async fn set_password(
    platform: &Platform,
    secret: &str,
    chosen: String,
) -> Result<User, SetPasswordError> {
    let secret_hash = sha256(secret.as_bytes());
    let find = FindLink { secret_hash: secret_hash.clone() };
    if !platform.store.perform_system(&platform.system(), &find).await? {
        note(SecurityEvent::LinkRefused, None);
        return Err(SetPasswordError::BadLink);
    }
    passwords::check(&chosen)?;
    let password_hash = platform.passwords.hash(chosen).await?;
    let set = SetPassword { secret_hash, password_hash };
    let done = platform.store.perform_system(&platform.system(), &set).await?;
    let user = done.user;
    tracing::Span::current().record("tenant", tracing::field::display(user.tenant_id));
    note(SecurityEvent::PasswordSet, Some(user.user_id));
    if done.is_lifted {
        wake(platform, user.tenant_id, SignedDuration::ZERO).await;
    }
    if done.is_told {
        publish_soon(platform).await;
    }
    Ok(user)
}

struct FindLink {
    secret_hash: Vec<u8>,
}

impl SystemOperation for FindLink {
    const NAME: &'static str = "find_link";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        let is_reset = |link: Link| link.purpose == LinkPurpose::Reset;
        Ok(invites::is_valid(tx, &self.secret_hash).await?
            || links::find(tx, &self.secret_hash).await?.is_some_and(is_reset))
    }
}

struct SetPassword {
    secret_hash: Vec<u8>,
    password_hash: String,
}

struct PasswordSet {
    user: User,
    /// Whether the tenant may send from now on.
    is_lifted: bool,
    /// Whether an e-mail says that the password was changed.
    is_told: bool,
}

impl SystemOperation for SetPassword {
    const NAME: &'static str = "set_password";
    type Done = PasswordSet;
    type Error = SetPasswordError;

    async fn run(&self, tx: &SystemTx) -> Result<PasswordSet, SetPasswordError> {
        let (tenant, user, action) = self.take(tx).await?;
        let tx = &tx.as_tenant(tenant);
        let before = users::find(tx, user).await?.ok_or(SetPasswordError::BadLink)?;
        users::set_password(tx, user, &self.password_hash).await?;
        invites::drop_all(tx, user).await?;
        links::drop(tx, user, LinkPurpose::Reset).await?;
        // Whoever had the old password is out.
        sessions::revoke_all(tx, user).await?;
        // The link came by e-mail.
        let is_lifted = proof::prove(tx, &before).await?;
        let is_told = before.password_hash.is_some();
        if is_told {
            emails::queue(tx, EmailKind::PasswordChanged, Some(user), &before.email).await?;
        }
        let proves = before.email_proven_at.is_none();
        let entry = NewEntry::new(action, format!("user:{user}"), json!({ "provesEmail": proves }));
        audit_log::append(tx, &entry).await?;
        let user = users::find(tx, user).await?.ok_or(SetPasswordError::BadLink)?;
        Ok(PasswordSet { user, is_lifted, is_told })
    }
}

impl SetPassword {
    /// Uses the link up. Of two transactions with one link the second waits here, and finds it used.
    async fn take(&self, tx: &SystemTx) -> Result<(TenantId, UserId, &'static str), SetPasswordError> {
        if let Some((tenant, user)) = invites::take(tx, &self.secret_hash).await? {
            return Ok((tenant, user, "user.set_password"));
        }
        let link = links::lock(tx, &self.secret_hash).await?;
        let link = link.filter(|link| link.purpose == LinkPurpose::Reset).ok_or(SetPasswordError::BadLink)?;
        let user = users::find(&tx.as_tenant(link.tenant_id), link.user_id).await?;
        // One that was sent to an address of before is good for nothing.
        if user.is_none_or(|user| user.email != link.address) {
            return Err(SetPasswordError::BadLink);
        }
        Ok((link.tenant_id, link.user_id, "user.reset_password"))
    }
}

//! Single-use links to choose a password: created for the mailer, used up at `/auth/set-password`.
//!
//! Only the hash of a link's secret is stored, and the secret itself is in no queue and no log (I29).

use domain::problem::Kind;
use domain::{Problem, TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::access::users::{self, User};
use store::access::{invites, sessions};
use store::audit_log::{self, NewEntry};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx};
use thiserror::Error;

use crate::kernel::hash::sha256;
use crate::kernel::passwords::{self, HashError, PasswordError};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// How long a link is valid.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(72);

/// A link's secret: 256 random bits, as hexadecimal.
fn new_secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// Creates a link's secret for a user and invalidates older ones. `None` when the user has chosen a password meanwhile.
pub async fn invite(
    platform: &Platform,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<String>, StoreError> {
    let secret = new_secret();
    let until = platform.clock.now() + GOOD_FOR;
    let made = Invite { user, hash: sha256(secret.as_bytes()), until };
    let is_made = platform.store.perform(&platform.as_system(tenant), &made).await?;
    if is_made {
        note(SecurityEvent::LinkCreated, Some(user));
    }
    Ok(is_made.then_some(secret))
}

struct Invite {
    user: UserId,
    hash: Vec<u8>,
    until: Timestamp,
}

impl Operation for Invite {
    const NAME: &'static str = "invite";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StoreError> {
        let user = users::find(tx, self.user).await?;
        if user.is_none_or(|user| user.password_hash.is_some()) {
            return Ok(false);
        }
        invites::drop_all(tx, self.user).await?;
        invites::insert(tx, self.user, &self.hash, self.until).await?;
        Ok(true)
    }
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
    let user = platform.store.perform_system(&platform.system(), &set).await?;
    tracing::Span::current().record("tenant", tracing::field::display(user.tenant_id));
    note(SecurityEvent::PasswordSet, Some(user.user_id));
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
        invites::is_valid(tx, &self.secret_hash).await
    }
}

struct SetPassword {
    secret_hash: Vec<u8>,
    password_hash: String,
}

impl SystemOperation for SetPassword {
    const NAME: &'static str = "set_password";
    type Done = User;
    type Error = SetPasswordError;

    async fn run(&self, tx: &SystemTx) -> Result<User, SetPasswordError> {
        let found = invites::take(tx, &self.secret_hash).await?;
        let (tenant, user) = found.ok_or(SetPasswordError::BadLink)?;
        let tx = tx.as_tenant(tenant);
        users::set_password(&tx, user, &self.password_hash).await?;
        invites::drop_all(&tx, user).await?;
        // Whoever had the old password is out.
        sessions::revoke_all(&tx, user).await?;
        let entry = NewEntry::new("user.set_password", format!("user:{user}"), json!({}));
        audit_log::append(&tx, &entry).await?;
        users::find(&tx, user).await?.ok_or(SetPasswordError::BadLink)
    }
}

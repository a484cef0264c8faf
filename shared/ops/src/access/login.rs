//! Finds a user by e-mail and password. The throttle comes before the hashing: an attempt counts as failed until it is known
//! to be right, so that simultaneous guesses are throttled like successive ones.

use domain::problem::Kind;
use domain::{Actor, Problem, TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use store::access::throttle;
use store::access::users;
pub use store::access::users::User;
use store::{StoreError, SystemOperation, SystemTx};
use thiserror::Error;

use crate::kernel::hash::sha256;
use crate::kernel::one_statement::one_statement;
use crate::kernel::passwords::HashError;
use crate::kernel::permit::Caller;
use crate::kernel::platform::Platform;
use crate::kernel::problem::internal;

#[derive(Debug, Error)]
pub enum LoginError {
    /// Unknown e-mail, wrong password, or a suspended tenant: the answer does not say which.
    #[error("the e-mail or the password is wrong")]
    Wrong,
    #[error("too many wrong passwords; try again later")]
    Throttled { wait: SignedDuration },
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong => Self::new(Kind::Unauthenticated).with_detail(error),
            LoginError::Throttled { wait } => Self::new(Kind::TooMany).with_detail(error).after(wait),
            LoginError::Hash(error) => internal(&error),
            LoginError::Store(error) => error.into(),
        }
    }
}

/// The user of an e-mail and its password.
pub async fn login(platform: &Platform, email: &str, password: String) -> Result<User, LoginError> {
    let email = email.trim().to_lowercase();
    let email_hash = sha256(email.as_bytes());
    let now = platform.clock.now();
    let begin = BeginLogin { email, email_hash: email_hash.clone() };
    let user = match platform.store.perform_system(&platform.system(), &begin).await? {
        Attempt::Throttled(until) => return Err(LoginError::Throttled { wait: until.duration_since(now) }),
        Attempt::Found(user) => user.map(|user| *user),
    };
    let stored = user.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = platform.passwords.verify(password, stored).await?;
    if is_right {
        platform.store.perform_system(&platform.system(), &ResetFailures { email_hash }).await?;
    }
    user.filter(|user| is_right && user.tenant_state.may_act()).ok_or(LoginError::Wrong)
}

enum Attempt {
    Throttled(Timestamp),
    Found(Option<Box<User>>),
}

struct BeginLogin {
    email: String,
    email_hash: Vec<u8>,
}

impl SystemOperation for BeginLogin {
    const NAME: &'static str = "login_look";
    type Done = Attempt;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Attempt, StoreError> {
        if !throttle::count_try(tx, &self.email_hash, tx.now()).await? {
            let until = throttle::blocked_until_for(tx, &self.email_hash).await?;
            return Ok(Attempt::Throttled(until.unwrap_or(tx.now())));
        }
        Ok(Attempt::Found(users::find_by_email(tx, &self.email).await?.map(Box::new)))
    }
}

struct ResetFailures {
    email_hash: Vec<u8>,
}

impl SystemOperation for ResetFailures {
    const NAME: &'static str = "login_forget";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        throttle::forget_failures(tx, &self.email_hash).await.map(drop)
    }
}

/// The user named in a token, if it may still act. Every request runs this, so that a removed user or a suspended tenant
/// stops at once (I30).
pub async fn caller(
    platform: &Platform,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Caller>, StoreError> {
    let found = platform.store.perform(&platform.as_system(tenant), &FindCaller { user }).await?;
    Ok(found.filter(|user| user.tenant_state.may_act()).map(|found| Caller {
        tenant,
        actor: Actor::User(user),
        role: found.role,
    }))
}

one_statement! {
    const NAME: &'static str = "find_caller";
    struct FindCaller { user: UserId }
    fn run(&self, tx) -> Option<User> { users::find(tx, self.user) }
}

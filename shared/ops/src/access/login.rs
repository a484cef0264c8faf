//! Finds a user by e-mail and password, and by a code where the user has a second factor.
//!
//! The throttle comes before the hashing. Wrong passwords are counted by account and source together and by source alone
//! ([`domain::access::throttle`]); right ones never. While a source is not known to an account, its tries are checked one
//! after another, so that guesses at once are throttled like guesses in turn. Where a password was right before it is always
//! checked: whatever others try elsewhere, its user gets in. A wrong code counts as a wrong password does; a missing one
//! counts as nothing.

use domain::access::Source;
use domain::access::throttle::{OF_ACCOUNT, OF_SOURCE};
use domain::problem::Kind;
use domain::{Problem, UserId};
use jiff::SignedDuration;
use store::access::throttle;
use store::access::users;
pub use store::access::users::User;
use store::{StoreError, SystemOperation, SystemTx};
use thiserror::Error;
use tracing::Instrument;

use crate::access::second_factor::check::{self as codes, CheckError, Verdict};
use crate::kernel::cipher::CipherError;
use crate::kernel::hash::sha256;
use crate::kernel::one_statement::one_statement;
use crate::kernel::passwords::HashError;
use crate::kernel::platform::Platform;
use crate::kernel::problem::internal;
use crate::kernel::security_event::{SecurityEvent, note};

#[derive(Debug, Error)]
pub enum LoginError {
    /// Unknown e-mail, wrong password, or an erased tenant: the answer does not say which.
    #[error("the e-mail or the password is wrong; check both and log in again")]
    Wrong,
    #[error("too many wrong passwords or codes; try again later")]
    Throttled { wait: SignedDuration },
    /// The password is right.
    #[error("{0}")]
    SecondFactor(CodeFault),
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a login's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodeFault {
    #[error("send the code that your app shows, or a recovery code, as code beside e-mail and password")]
    Missing,
    #[error("the code is wrong, was used before, or has expired; wait for the next one")]
    Wrong,
}

impl From<CheckError> for LoginError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Cipher(error) => Self::Cipher(error),
            CheckError::Store(error) => Self::Store(error),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong => Self::new(Kind::WrongCredentials).with_detail(error),
            LoginError::Throttled { wait } => Self::new(Kind::TooMany).with_detail(error).after(wait),
            LoginError::SecondFactor(_) => Self::new(Kind::SecondFactorRequired).with_detail(error),
            LoginError::Cipher(error) => internal(&error),
            LoginError::Hash(error) => error.into(),
            LoginError::Store(error) => error.into(),
        }
    }
}

/// The user of an e-mail and its password, and of a code where the user has a second factor. It runs to its end also when
/// the caller stops waiting: a client that hangs up does not try without being counted.
pub async fn login(
    platform: &Platform,
    source: Source,
    email: &str,
    password: String,
    code: Option<String>,
) -> Result<User, LoginError> {
    let user = run(platform, source, email, (password, Second::Asked(code))).await?;
    note(SecurityEvent::LoginSucceeded, Some(user.user_id));
    Ok(user)
}

/// The same for a user who is logged in and shows the password once more; it is throttled with the logins.
pub async fn confirm(
    platform: &Platform,
    source: Source,
    email: &str,
    password: String,
) -> Result<User, LoginError> {
    run(platform, source, email, (password, Second::NotAsked)).await
}

/// Whether a second factor is asked for.
enum Second {
    /// With the code that was sent.
    Asked(Option<String>),
    NotAsked,
}

async fn run(
    platform: &Platform,
    source: Source,
    email: &str,
    given: (String, Second),
) -> Result<User, LoginError> {
    let (platform, places) = (platform.clone(), Places::new(source, email));
    let work = async move { check(&platform, &places, given).await }.in_current_span();
    tokio::spawn(work).await.map_err(|_panicked| LoginError::Hash(HashError::Failed))?
}

/// What a try is counted by.
#[derive(Clone)]
struct Places {
    /// Lower-cased.
    email: String,
    account: Vec<u8>,
    source: Vec<u8>,
}

impl Places {
    fn new(source: Source, email: &str) -> Self {
        let email = email.trim().to_lowercase();
        let source = source.octets();
        let account = sha256(&[b"account".as_slice(), &source, email.as_bytes()].concat());
        Self { email, account, source: sha256(&[b"source".as_slice(), &source].concat()) }
    }
}

async fn check(
    platform: &Platform,
    places: &Places,
    (password, second): (String, Second),
) -> Result<User, LoginError> {
    let place = platform.passwords.place(&places.source)?;
    let mut turn = Some(platform.passwords.turn(&places.account).await);
    let look = BeginLogin { places: places.clone() };
    let found = platform.store.perform_system(&platform.system(), &look).await?;
    let subject = found.user.as_ref().map(|user| user.user_id);
    if let Some(user) = &found.user {
        tracing::Span::current().record("tenant", tracing::field::display(user.tenant_id));
    }
    if let Some(wait) = found.wait {
        note(SecurityEvent::LoginThrottled, subject);
        return Err(LoginError::Throttled { wait });
    }
    if found.is_known_place {
        turn.take();
    }
    let stored = found.user.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = platform.passwords.verify(place, password, stored).await?;
    let user = found.user.filter(|_| is_right);
    let outcome = match (&user, second) {
        (Some(user), Second::Asked(code)) => check_second(platform, user, code).await,
        (Some(_), Second::NotAsked) => Ok(()),
        (None, _) => Err(LoginError::Wrong),
    };
    let is_right = match &outcome {
        Ok(()) => Some(true),
        Err(LoginError::Wrong | LoginError::SecondFactor(CodeFault::Wrong)) => Some(false),
        // Neither: who sends no code yet has guessed nothing, and has not logged in where the place would become known.
        Err(_) => None,
    };
    if let Some(is_right) = is_right {
        let end = EndLogin { places: places.clone(), is_right };
        platform.store.perform_system(&platform.system(), &end).await?;
    }
    drop(turn);
    let user = outcome.map(|()| user.filter(|user| user.tenant_state.may_read()));
    if matches!(user, Ok(None) | Err(LoginError::Wrong)) {
        note(SecurityEvent::LoginFailed, subject);
    }
    user?.map(|user| *user).ok_or(LoginError::Wrong)
}

/// Asks for the code of a user who has a second factor.
async fn check_second(platform: &Platform, user: &User, code: Option<String>) -> Result<(), LoginError> {
    let Some(factor) = codes::of_user(platform, user).await? else { return Ok(()) };
    let code = code.filter(|code| !code.trim().is_empty());
    let code = code.ok_or(LoginError::SecondFactor(CodeFault::Missing))?;
    match codes::check(platform, user, factor, &code).await? {
        Verdict::Right => Ok(()),
        Verdict::Wrong => Err(LoginError::SecondFactor(CodeFault::Wrong)),
        Verdict::Throttled(wait) => Err(LoginError::Throttled { wait }),
    }
}

/// What is known before the password is checked.
struct Found {
    user: Option<Box<User>>,
    is_known_place: bool,
    wait: Option<SignedDuration>,
}

struct BeginLogin {
    places: Places,
}

impl SystemOperation for BeginLogin {
    const NAME: &'static str = "login_look";
    type Done = Found;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Found, StoreError> {
        let Places { email, account, source } = &self.places;
        let user = users::find_by_email(tx, email).await?.map(Box::new);
        if throttle::was_right(tx, account).await? {
            return Ok(Found { user, is_known_place: true, wait: None });
        }
        let of_account = throttle::wait_at(tx, account, OF_ACCOUNT).await?;
        let of_source = throttle::wait_at(tx, source, OF_SOURCE).await?;
        Ok(Found { user, is_known_place: false, wait: of_account.max(of_source) })
    }
}

struct EndLogin {
    places: Places,
    is_right: bool,
}

impl SystemOperation for EndLogin {
    const NAME: &'static str = "login_count";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<(), StoreError> {
        let Places { account, source, .. } = &self.places;
        if self.is_right {
            return throttle::note_right(tx, account).await;
        }
        throttle::count_wrong(tx, account, OF_ACCOUNT).await?;
        throttle::count_wrong(tx, source, OF_SOURCE).await
    }
}

one_statement! {
    const NAME: &'static str = "find_user";
    pub(crate) struct FindUser { user: UserId }
    fn run(&self, tx) -> Option<User> { users::find(tx, self.user) }
}

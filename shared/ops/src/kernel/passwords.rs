//! Passwords: argon2id with OWASP's parameters, a few at a time, never on a thread that serves others.
//!
//! A hash takes 19 MiB and a core for some tens of milliseconds, and anybody can ask for one. So the number of hashes that
//! run at once is fixed, whatever callers do: a hash holds its permit and its memory until it ends, also when its caller is
//! gone. So is the number of callers that wait: one more is refused at once and may come back.

mod common;
mod hashers;
mod turns;

use std::sync::Arc;

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::Problem;
use domain::limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};
use domain::problem::Kind;
use jiff::SignedDuration;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::kernel::passwords::hashers::{Hashers, Memory};
pub use crate::kernel::passwords::turns::Turn;
use crate::kernel::passwords::turns::Turns;
use crate::kernel::problem::internal;

/// New passwords that wait or are hashed.
const NEW_MAX: usize = 64;
/// Passwords that wait or are checked: the last of them waits for about two seconds.
const CHECKS_MAX: usize = 128;
/// Those of one source, so that others find a place, and wait for half a second and not for two behind a flood from it.
const CHECKS_BY_SOURCE_MAX: usize = 40;
/// How long a caller who found too many others should wait: by then those are done.
const BUSY_WAIT: SignedDuration = SignedDuration::from_secs(2);

/// What an unknown user's password is checked against, so that it takes as long as a known user's.
const ABSENT_USER_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$Ue2wZ5a7Y2qJpV0Yh4Ojz3kNQbC4v0mF1T6c9yG8rXs";

/// Hashes and checks passwords. Clones share the limits.
#[derive(Clone, Debug)]
pub struct Passwords {
    hashers: Hashers,
    new: Arc<Semaphore>,
    checks: Arc<Semaphore>,
    turns: Turns,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            hashers: Hashers::default(),
            new: Arc::new(Semaphore::new(NEW_MAX)),
            checks: Arc::new(Semaphore::new(CHECKS_MAX)),
            turns: Turns::default(),
        }
    }
}

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too short to be safe or so long that it is only work.
    #[error("must be {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")]
    Length,
    /// Spaces, or one character again and again.
    #[error("must not be one character repeated")]
    OneCharacter,
    /// Among those that are tried first.
    #[error("is one of the most common passwords; choose another one")]
    Common,
}

/// Checks a new password: its length, and that it is not among the first that anybody would try (ASVS 6.2.4).
pub fn check(password: &str) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    if !(PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) {
        return Err(PasswordError::Length);
    }
    let mut all = password.chars();
    let first = all.next();
    if all.all(|char| Some(char) == first) {
        return Err(PasswordError::OneCharacter);
    }
    if common::contains(password) {
        return Err(PasswordError::Common);
    }
    Ok(())
}

/// Why a password was not hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HashError {
    /// Too many callers wait already.
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    /// A bug, or the process is going down.
    #[error("the password could not be hashed")]
    Failed,
}

impl From<HashError> for Problem {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::new(Kind::Unavailable).with_detail(error).after(BUSY_WAIT),
            HashError::Failed => internal(&error),
        }
    }
}

/// The right to check one password, taken before anything is looked up for it.
#[derive(Debug)]
pub struct Place {
    _permit: OwnedSemaphorePermit,
    _of_source: Turn,
}

impl Passwords {
    /// The hash to store, in PHC form.
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        let permit = permit(&self.new)?;
        self.hashers.run(permit, move |memory| hash(&password, memory)).await?
    }

    /// Takes a place among the passwords that wait to be checked, or refuses at once.
    pub fn place(&self, source: &[u8]) -> Result<Place, HashError> {
        let of_source = self.turns.try_take(source, CHECKS_BY_SOURCE_MAX).ok_or(HashError::Busy)?;
        Ok(Place { _permit: permit(&self.checks)?, _of_source: of_source })
    }

    /// Waits until no other try for this key is being checked.
    pub async fn turn(&self, key: &[u8]) -> Turn {
        self.turns.wait(key).await
    }

    /// Whether the password is the one that was hashed. `None`, for a user that is not there, takes as long and is `false`.
    pub async fn verify(
        &self,
        place: Place,
        password: String,
        stored: Option<String>,
    ) -> Result<bool, HashError> {
        self.hashers.run(place, move |memory| verify(&password, stored.as_deref(), memory)).await?
    }
}

fn permit(places: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, HashError> {
    Arc::clone(places).try_acquire_owned().map_err(|_none_left| HashError::Busy)
}

fn hash(password: &str, memory: &mut Memory) -> Result<String, HashError> {
    let argon2 = Argon2::default();
    let salt = Salt::generate();
    let output = output(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN, memory)?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::default().into()),
        params: argon2.params().try_into().map_err(|_why| HashError::Failed)?,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

fn verify(password: &str, stored: Option<&str>, memory: &mut Memory) -> Result<bool, HashError> {
    let known = PasswordHash::new(stored.unwrap_or(ABSENT_USER_HASH)).map_err(|_why| HashError::Failed)?;
    let params = Params::try_from(&known).map_err(|_why| HashError::Failed)?;
    let (Some(salt), Some(expected)) = (&known.salt, &known.hash) else { return Err(HashError::Failed) };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::default(), params);
    // Compared in constant time.
    let is_equal = output(&argon2, password, salt, expected.len(), memory)? == *expected;
    Ok(stored.is_some() && is_equal)
}

fn output(
    argon2: &Argon2<'_>,
    password: &str,
    salt: &Salt,
    bytes: usize,
    memory: &mut Memory,
) -> Result<Output, HashError> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let out = buffer.get_mut(..bytes).ok_or(HashError::Failed)?;
    let blocks = memory.of(argon2.params().block_count());
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, out, blocks)
        .map_err(|_why| HashError::Failed)?;
    Output::new(out).map_err(|_why| HashError::Failed)
}

#[cfg(test)]
mod tests;

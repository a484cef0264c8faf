//! Passwords: argon2id with OWASP's parameters, a few at a time, never on a thread that serves others.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use domain::limits::{PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN};
use thiserror::Error;
use tokio::sync::Semaphore;

/// Hashes that run at once: each takes 19 MiB and a core for some tens of milliseconds.
const AT_ONCE: usize = 2;

/// What an unknown user's password is checked against, so that it takes as long as a known user's.
const ABSENT_USER_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$Ue2wZ5a7Y2qJpV0Yh4Ojz3kNQbC4v0mF1T6c9yG8rXs";

/// Hashes and checks passwords.
#[derive(Clone, Debug)]
pub struct Passwords {
    at_once: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PasswordError {
    /// Too short to be safe or so long that it is only work.
    #[error("must be {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS_MAX} characters")]
    Length,
}

/// Checks the length of a new password.
pub fn check(password: &str) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&chars) {
        Ok(())
    } else {
        Err(PasswordError::Length)
    }
}

/// Hashing did not work: a bug, or the process is going down.
#[derive(Debug, Error)]
#[error("the password could not be hashed")]
pub struct HashError;

impl Passwords {
    /// The hash to store, in PHC form.
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        self.elsewhere(move || {
            Argon2::default()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|_why| HashError)
        })
        .await?
    }

    /// Whether the password is the one that was hashed. `None`, for a user that is not there, takes as long and is `false`.
    pub async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, HashError> {
        self.elsewhere(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| ABSENT_USER_HASH.to_owned());
            let matches = PasswordHash::new(&stored)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
            known && matches
        })
        .await
    }

    async fn elsewhere<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let _turn = self.at_once.acquire().await.map_err(|_closed| HashError)?;
        tokio::task::spawn_blocking(work).await.map_err(|_panicked| HashError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let passwords = Passwords::default();
        let hash = passwords.hash("password123".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("password123".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("password124".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("password123".to_owned(), None).await.unwrap());
    }

    #[test]
    fn the_hash_for_nobody_is_one_that_takes_the_usual_time() {
        let hash = PasswordHash::new(ABSENT_USER_HASH).unwrap();
        assert_eq!(hash.algorithm.as_str(), "argon2id");
        assert!(hash.hash.is_some());
    }
}

//! A second factor of a login: a code of six digits that an app on the user's device makes anew every half minute (RFC 6238).
//!
//! Its secret is stored encrypted. A code is accepted once, half a minute early or late, and never after a later one. Ten
//! recovery codes, each good for once, are for a user who lost the device. Wrong codes are counted by user, wherever they
//! come from: whoever tries them knows the password.

pub mod check;
pub mod rotate;
pub mod set_up;

use domain::access::Source;
use domain::problem::Kind;
use domain::{Problem, TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use store::StoreError;
use store::access::second_factors::{NO_USER, SecondFactor};
use store::access::users::{self, User};
use thiserror::Error;
use totp_rs::{Builder, Secret, Totp};

use crate::access::login::{self, LoginError};
use crate::kernel::cipher::{AssociatedData, CipherError};
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::{Member, Permit};
use crate::kernel::platform::Platform;
use crate::kernel::problem::internal;

/// Who asks for the code, as an app on the user's device shows it.
const ISSUER: &str = "Tidings";
/// The column that a ciphertext is bound to.
const COLUMN: &str = "second_factors.secret_sealed";

#[derive(Debug, Error)]
pub enum SecondFactorError {
    /// The caller's own password, asked for once more.
    #[error("is not your password")]
    WrongPassword,
    #[error("is wrong, was used before, or has expired; wait for the next one")]
    WrongCode,
    #[error("too many wrong passwords or codes; try again later")]
    Throttled { wait: SignedDuration },
    #[error(
        "you have a second factor already; remove it with DELETE /auth/totp before you set up another one"
    )]
    AlreadyOn,
    /// Nothing is set up, or nothing that was not confirmed before.
    #[error("there is no second factor that waits for its first code; begin with POST /auth/totp")]
    NotBegun,
    #[error("you have no second factor")]
    NotOn,
    /// The user was removed since the request began.
    #[error("the user or its tenant is no longer active")]
    NoUser,
    #[error(transparent)]
    Hash(#[from] crate::kernel::passwords::HashError),
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SecondFactorError {
    fn from(error: StoreError) -> Self {
        if error.is_constraint(NO_USER) { Self::NoUser } else { Self::Store(error) }
    }
}

impl From<LoginError> for SecondFactorError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Wrong | LoginError::SecondFactor(_) => Self::WrongPassword,
            LoginError::Throttled { wait } => Self::Throttled { wait },
            LoginError::Hash(error) => Self::Hash(error),
            LoginError::Cipher(error) => Self::Cipher(error),
            LoginError::Store(error) => error.into(),
        }
    }
}

impl From<SecondFactorError> for Problem {
    fn from(error: SecondFactorError) -> Self {
        match error {
            SecondFactorError::WrongPassword => Self::field("password", error),
            SecondFactorError::WrongCode => Self::field("code", error),
            SecondFactorError::Throttled { wait } => Self::new(Kind::TooMany).with_detail(error).after(wait),
            SecondFactorError::AlreadyOn | SecondFactorError::NotBegun => {
                Self::new(Kind::Conflict).with_detail(error)
            }
            SecondFactorError::NotOn => Self::new(Kind::NotFound).with_detail(error),
            SecondFactorError::NoUser => Self::new(Kind::Unauthenticated).with_detail(error),
            SecondFactorError::Hash(error) => error.into(),
            SecondFactorError::Cipher(error) => internal(&error),
            SecondFactorError::Store(error) => error.into(),
        }
    }
}

/// The caller's own user.
async fn own_user(platform: &Platform, permit: &Member) -> Result<User, SecondFactorError> {
    let user = permit.caller().actor.user().ok_or(SecondFactorError::NoUser)?;
    let found = platform.store.perform(&platform.act(permit), &FindOwnUser { user }).await?;
    found.ok_or(SecondFactorError::NoUser)
}

one_statement! {
    const NAME: &'static str = "find_own_user";
    struct FindOwnUser { user: UserId }
    fn run(&self, tx) -> Option<User> { users::find(tx, self.user) }
}

/// The caller's own user, who has shown the password once more. Wrong ones are counted with those of logins.
async fn confirmed_user(
    platform: &Platform,
    permit: &Member,
    password: String,
) -> Result<User, SecondFactorError> {
    let source: Source = permit.caller().source;
    let user = own_user(platform, permit).await?;
    Ok(login::confirm(platform, source, &user.email, password).await?)
}

fn associated(tenant: TenantId, user: &str) -> AssociatedData<'_> {
    AssociatedData { tenant, account: user, column: COLUMN }
}

/// The ciphertext to store, and the id of the key that made it.
fn seal(
    platform: &Platform,
    (tenant, user): (TenantId, UserId),
    secret: &str,
) -> Result<(Vec<u8>, String), CipherError> {
    platform.token_cipher.encrypt(associated(tenant, &user.to_string()), secret)
}

/// The secret in base 32.
async fn open(
    platform: &Platform,
    tenant: TenantId,
    factor: &SecondFactor,
) -> Result<SecretString, CipherError> {
    let user = factor.user_id.to_string();
    let (sealed, key_id) = (&factor.secret_sealed, &factor.secret_key_id);
    Ok(platform.token_cipher.decrypt(associated(tenant, &user), sealed, key_id).await?.into())
}

/// What makes and checks codes: SHA-1, six digits, every 30 seconds and one of them early or late, which every app knows.
fn codes(secret: &SecretString, account: &str) -> Result<Totp, CipherError> {
    let secret =
        Secret::try_from_base32(secret.expose_secret()).map_err(|_quotes| CipherError::NotAuthentic)?;
    let builder = Builder::new().with_secret(secret).with_issuer(Some(ISSUER)).with_account_name(account);
    builder.build().map_err(|_quotes| CipherError::NotAuthentic)
}

/// The half minute whose code it is, if it is one of now.
fn step_of(codes: &Totp, code: &str, now: Timestamp) -> Option<i64> {
    let seconds = u64::try_from(now.as_second()).ok()?;
    codes.check(code, seconds).and_then(|step| i64::try_from(step).ok())
}

/// A code as it was typed, without what groups it.
fn typed(code: &str) -> String {
    code.chars().filter(|char| !char.is_whitespace() && *char != '-').collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret and the last six digits of each value for SHA-1 in RFC 6238, appendix B.
    #[test]
    fn codes_are_those_of_the_rfc_and_are_accepted_half_a_minute_early_or_late() {
        let secret = Secret::from(b"12345678901234567890".to_vec()).to_base32();
        let codes = codes(&secret.into(), "ann@acme.com").unwrap();
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let at = |offset| Timestamp::from_second(second + offset).unwrap();
            for offset in [-30, 0, 30] {
                assert_eq!(step_of(&codes, code, at(offset)), Some(second / 30), "{second} {offset}");
            }
            for offset in [-60, 60] {
                assert_eq!(step_of(&codes, code, at(offset)), None, "{second} {offset}");
            }
        }
        for rubbish in ["", "28708", "2870820", "+28708", "28708a", "\u{662}87082"] {
            assert_eq!(step_of(&codes, rubbish, Timestamp::from_second(59).unwrap()), None, "{rubbish}");
        }
    }

    #[test]
    fn a_code_may_be_typed_with_spaces_and_dashes() {
        assert_eq!(typed(" 287 082 "), "287082");
        assert_eq!(typed("ABCD-efgh-ijkl-mnop"), "abcdefghijklmnop");
    }
}

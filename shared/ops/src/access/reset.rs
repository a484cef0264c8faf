//! A forgotten password: a link to choose another one is mailed to the address, if it is a user's.
//!
//! Nothing here looks the address up, so that neither the answer nor the time it takes says whose it is. The mailer looks.

use domain::Problem;
use domain::access::Source;
use domain::access::email::EmailKind;
use domain::problem::{FieldError, Kind};
use jiff::SignedDuration;
use store::access::email_requests::{self, Allowance};
use store::{StoreError, SystemOperation, SystemTx, tenants};
use thiserror::Error;

use crate::kernel::events::publish_soon;
use crate::kernel::hash::sha256;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};
use crate::kernel::{emails, fields};

/// How long a link is valid.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// E-mails to one address: five in an hour at most.
const OF_ADDRESS: Allowance = Allowance { burst: 2, one_after: SignedDuration::from_mins(20) };
/// Requests of one source, behind which many people may be.
const OF_SOURCE: Allowance = Allowance { burst: 20, one_after: SignedDuration::from_mins(1) };

#[derive(Debug, Error)]
pub enum ForgotPasswordError {
    #[error(transparent)]
    Email(#[from] FieldError),
    #[error("too many requests for a new password; try again later")]
    TooMany { wait: SignedDuration },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ForgotPasswordError> for Problem {
    fn from(error: ForgotPasswordError) -> Self {
        match error {
            ForgotPasswordError::Email(field) => Self::invalid(vec![field]),
            ForgotPasswordError::TooMany { wait } => Self::new(Kind::TooMany).with_detail(error).after(wait),
            ForgotPasswordError::Store(error) => error.into(),
        }
    }
}

/// Has a link mailed to the address. More e-mails than an address may get are left out without a word.
pub async fn forgot_password(
    platform: &Platform,
    source: Source,
    email: &str,
) -> Result<(), ForgotPasswordError> {
    let email = fields::email("email", email)?;
    if let Some(wait) =
        platform.store.perform_system(&platform.system(), &ForgotPassword { email, source }).await?
    {
        note(SecurityEvent::ResetThrottled, None);
        return Err(ForgotPasswordError::TooMany { wait });
    }
    note(SecurityEvent::ResetRequested, None);
    publish_soon(platform).await;
    Ok(())
}

struct ForgotPassword {
    /// Lower-cased.
    email: String,
    source: Source,
}

impl SystemOperation for ForgotPassword {
    const NAME: &'static str = "forgot_password";
    /// How long the source has to wait, if it asked too often.
    type Done = Option<SignedDuration>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        let source = sha256(&[b"reset-source".as_slice(), &self.source.octets()].concat());
        if let Some(wait) = email_requests::take(tx, &source, OF_SOURCE).await? {
            return Ok(Some(wait));
        }
        let address = sha256(&[b"reset-address".as_slice(), self.email.as_bytes()].concat());
        if email_requests::take(tx, &address, OF_ADDRESS).await?.is_some() {
            return Ok(None);
        }
        // Whose address it is, the mailer finds out; until then the e-mail is the platform's.
        let missing =
            || StoreError::Inconsistent { table: "tenants", what: "the platform has none".to_owned() };
        let platform = tenants::find_platform(tx).await?.ok_or_else(missing)?;
        emails::queue(&tx.as_tenant(platform), EmailKind::PasswordReset, None, &self.email).await?;
        Ok(None)
    }
}

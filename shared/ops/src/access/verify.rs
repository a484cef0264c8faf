//! Using the link of an e-mail that proves an address or confirms a change of it.

use domain::access::email::LinkPurpose;
use domain::problem::Kind;
use domain::{Problem, TenantId, UserId};
use jiff::SignedDuration;
use serde_json::json;
use store::access::email_changes::{self, Side};
use store::access::links;
use store::access::users::{self, EMAIL_TAKEN};
use store::audit_log::{self, NewEntry};
use store::{StoreError, SystemOperation, SystemTx, TenantTx};
use thiserror::Error;

use crate::access::change_email::{Confirmed, confirm};
use crate::access::proof;
use crate::kernel::hash::sha256;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};
use crate::kernel::wake_up::wake;

/// What a link did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verified {
    /// The address is proven.
    Proven,
    /// A change of the address is confirmed by one of the two; the other has to confirm it too.
    ConfirmedByOne,
    /// Both have confirmed: the user logs in with the new address now.
    Changed,
}

#[derive(Debug, Error)]
pub enum VerifyError {
    /// Used, expired, or never made: the answer does not say which.
    #[error("the link is no longer valid")]
    BadLink,
    #[error("another user has this e-mail address meanwhile; nothing was changed, choose another address")]
    Taken,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::BadLink => Self::new(Kind::NotPossible).with_detail(error),
            VerifyError::Taken => Self::new(Kind::Conflict).with_detail(error),
            VerifyError::Store(error) => error.into(),
        }
    }
}

/// Uses a link up.
pub async fn verify_email(platform: &Platform, secret: &str) -> Result<Verified, VerifyError> {
    let verify = VerifyEmail { secret_hash: sha256(secret.as_bytes()) };
    let done = match platform.store.perform_system(&platform.system(), &verify).await {
        // Another user took the address between the look and the change: the second look sees it.
        Err(VerifyError::Store(error)) if error.is_constraint(EMAIL_TAKEN) => {
            platform.store.perform_system(&platform.system(), &verify).await
        }
        outcome => outcome,
    };
    let done = done.inspect_err(|error| {
        if matches!(error, VerifyError::BadLink) {
            note(SecurityEvent::LinkRefused, None);
        }
    })?;
    tracing::Span::current().record("tenant", tracing::field::display(done.tenant));
    if done.is_lifted {
        wake(platform, done.tenant, SignedDuration::ZERO).await;
    }
    let verified = done.verified.ok_or(VerifyError::Taken)?;
    match verified {
        Verified::Proven => note(SecurityEvent::EmailProven, Some(done.user)),
        Verified::Changed => note(SecurityEvent::EmailChanged, Some(done.user)),
        Verified::ConfirmedByOne => {}
    }
    Ok(verified)
}

struct Done {
    tenant: TenantId,
    user: UserId,
    is_lifted: bool,
    /// `None` when another user has the address.
    verified: Option<Verified>,
}

struct VerifyEmail {
    secret_hash: Vec<u8>,
}

impl SystemOperation for VerifyEmail {
    const NAME: &'static str = "verify_email";
    type Done = Done;
    type Error = VerifyError;

    async fn run(&self, tx: &SystemTx) -> Result<Done, VerifyError> {
        let seen = links::find(tx, &self.secret_hash).await?.ok_or(VerifyError::BadLink)?;
        let of_tenant = &tx.as_tenant(seen.tenant_id);
        let side = match seen.purpose {
            LinkPurpose::ChangeToNew => Side::New,
            LinkPurpose::ChangeFromOld => Side::Old,
            LinkPurpose::Proof => return self.prove(tx, of_tenant).await,
            LinkPurpose::Reset => return Err(VerifyError::BadLink),
        };
        // The change before its links, as everything that locks both does.
        let change = email_changes::lock(of_tenant, seen.user_id).await?.ok_or(VerifyError::BadLink)?;
        let link = links::lock(tx, &self.secret_hash).await?.ok_or(VerifyError::BadLink)?;
        let user = users::find(of_tenant, link.user_id).await?.ok_or(VerifyError::BadLink)?;
        let (verified, is_lifted) = match confirm(tx, (&user, &change), &link, side).await? {
            Confirmed::ByOne => (Some(Verified::ConfirmedByOne), false),
            Confirmed::Changed { is_lifted } => (Some(Verified::Changed), is_lifted),
            Confirmed::Taken => (None, false),
            Confirmed::BadLink => return Err(VerifyError::BadLink),
        };
        Ok(Done { tenant: user.tenant_id, user: user.user_id, is_lifted, verified })
    }
}

impl VerifyEmail {
    async fn prove(&self, tx: &SystemTx, of_tenant: &TenantTx) -> Result<Done, VerifyError> {
        let link = links::lock(tx, &self.secret_hash).await?.ok_or(VerifyError::BadLink)?;
        let user = users::find(of_tenant, link.user_id).await?;
        // One that was sent to an address of before proves nothing.
        let user = user.filter(|user| user.email == link.address).ok_or(VerifyError::BadLink)?;
        links::drop(of_tenant, user.user_id, link.purpose).await?;
        let is_lifted = proof::prove(of_tenant, &user).await?;
        let entry = NewEntry::new("user.prove_email", format!("user:{}", user.user_id), json!({}));
        audit_log::append(of_tenant, &entry).await?;
        let verified = Some(Verified::Proven);
        Ok(Done { tenant: user.tenant_id, user: user.user_id, is_lifted, verified })
    }
}

//! Proof that an e-mail address is its user's: a link that was sent to it was used.
//!
//! Where the platform asks for it, a tenant whose owner has not proved the address sends nothing and connects to no account
//! of Meta's.

use domain::access::email::{EmailKind, EmailProof};
use domain::holds::{HoldReason, HoldTarget};
use domain::problem::Kind;
use domain::{Problem, Role, TenantId, UserId};
use jiff::SignedDuration;
use serde_json::json;
use store::access::email_requests::{self, Allowance};
use store::access::users::{self, User};
use store::audit_log::{self, NewEntry};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx, holds};
use thiserror::Error;

use crate::kernel::emails;
use crate::kernel::events::publish_soon;
use crate::kernel::hash::sha256;
use crate::kernel::permit::{Member, Permit};
use crate::kernel::platform::Platform;
use crate::kernel::wake_up::wake;

/// How long a link is valid.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(72);
/// How often a user may have the link sent again.
const RESENDS: Allowance = Allowance { burst: 3, one_after: SignedDuration::from_mins(20) };
/// What a tenant on hold reads.
const WHY: &str = "the owner's e-mail address is not proven";

/// Puts the tenant on hold until an owner has proved the address.
pub(crate) async fn hold(tx: &TenantTx) -> Result<(), StoreError> {
    holds::place(tx, &HoldTarget::Tenant, HoldReason::Email, WHY, None).await.map(drop)
}

/// Notes that the user's address is proven. Returns whether that lifted the tenant's hold: then the caller wakes the tenant
/// after the commit.
pub(crate) async fn prove(tx: &TenantTx, user: &User) -> Result<bool, StoreError> {
    if !users::prove_email(tx, user.user_id).await? {
        return Ok(false);
    }
    lift(tx, user.role).await
}

/// Lifts the tenant's hold when it is an owner whose address is proven now.
pub(crate) async fn lift(tx: &TenantTx, role: Role) -> Result<bool, StoreError> {
    if role != Role::Owner {
        return Ok(false);
    }
    holds::lift(tx, &HoldTarget::Tenant, HoldReason::Email).await
}

/// Holds a tenant, or lets it go, as the platform asks for a proof or not: for owners who came before that was changed.
pub(crate) async fn follow_setting(platform: &Platform, tenant: TenantId) -> Result<(), StoreError> {
    let follow = FollowSetting { email_proof: platform.email_proof };
    if platform.store.perform(&platform.as_system(tenant), &follow).await? {
        wake(platform, tenant, SignedDuration::ZERO).await;
    }
    Ok(())
}

struct FollowSetting {
    email_proof: EmailProof,
}

impl Operation for FollowSetting {
    const NAME: &'static str = "follow_email_proof";
    /// Whether a hold was lifted.
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<bool, StoreError> {
        match self.email_proof {
            EmailProof::Off => holds::lift(tx, &HoldTarget::Tenant, HoldReason::Email).await,
            EmailProof::Required => {
                // Under the lock that the proof takes as well, so that one of the two sees the other.
                hold(tx).await?;
                if store::access::email_proofs::has_proven_owner(tx).await? {
                    return holds::lift(tx, &HoldTarget::Tenant, HoldReason::Email).await;
                }
                Ok(false)
            }
        }
    }
}

#[derive(Debug, Error)]
pub enum ResendProofError {
    #[error("the e-mail address is proven already")]
    AlreadyProven,
    #[error("too many e-mails were asked for; use the link of the last one, or try again later")]
    TooMany { wait: SignedDuration },
    #[error("only a user has an e-mail address")]
    NoUser,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ResendProofError> for Problem {
    fn from(error: ResendProofError) -> Self {
        match error {
            ResendProofError::AlreadyProven => Self::new(Kind::Conflict).with_detail(error),
            ResendProofError::TooMany { wait } => Self::new(Kind::TooMany).with_detail(error).after(wait),
            ResendProofError::NoUser => Self::new(Kind::Forbidden).with_detail(error),
            ResendProofError::Store(error) => error.into(),
        }
    }
}

/// Sends the caller another link that proves the address. The link before it ends when the new one is made.
pub async fn resend_proof(platform: &Platform, permit: &Member) -> Result<(), ResendProofError> {
    let user = permit.caller().actor.user().ok_or(ResendProofError::NoUser)?;
    let resend = ResendProof { tenant: permit.tenant(), user };
    platform.store.perform_system(&platform.system_act(permit), &resend).await?;
    publish_soon(platform).await;
    Ok(())
}

struct ResendProof {
    tenant: TenantId,
    user: UserId,
}

impl SystemOperation for ResendProof {
    const NAME: &'static str = "resend_email_proof";
    type Done = ();
    type Error = ResendProofError;

    async fn run(&self, tx: &SystemTx) -> Result<(), ResendProofError> {
        let of_tenant = &tx.as_tenant(self.tenant);
        let user = users::find(of_tenant, self.user).await?.ok_or(ResendProofError::NoUser)?;
        if user.email_proven_at.is_some() {
            return Err(ResendProofError::AlreadyProven);
        }
        let place = sha256(&[b"proof".as_slice(), self.user.0.as_bytes()].concat());
        if let Some(wait) = email_requests::take(tx, &place, RESENDS).await? {
            return Err(ResendProofError::TooMany { wait });
        }
        emails::queue(of_tenant, EmailKind::Proof, Some(self.user), &user.email).await?;
        let entry = NewEntry::new("user.resend_proof", format!("user:{}", self.user), json!({}));
        audit_log::append(of_tenant, &entry).await?;
        Ok(())
    }
}

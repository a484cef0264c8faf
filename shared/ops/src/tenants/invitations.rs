//! Invitations to register a business, where the platform's owner chooses who may.

use domain::limits::{INVITATION_DAYS_DEFAULT, INVITATION_DAYS_MAX};
use domain::problem::{FieldError, Kind};
use domain::{InvitationId, Problem};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::audit_log::{self, NewEntry};
pub use store::tenants::invitations::Invitation;
use store::tenants::{invitations, plans};
use store::{StoreError, SystemOperation, SystemTx};
use thiserror::Error;

use crate::kernel::fields;
use crate::kernel::idempotent::{Key, KeyError, once_in_system};
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;
use crate::tenants::invitation_code;
use crate::tenants::register::offered;

/// Who is invited, to what, until when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invite {
    /// The only address that may register with it.
    pub email: Option<String>,
    /// The name of the plan that the business begins on.
    pub plan: Option<String>,
    /// In a week, unless it says otherwise.
    pub expires_at: Option<Timestamp>,
}

/// An invitation that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    pub invitation_id: InvitationId,
    /// Shown once: an answer to a repeated call has none, because only its hash is stored.
    pub code: Option<String>,
    pub email: Option<String>,
    pub plan: Option<String>,
    pub expires_at: Timestamp,
}

#[derive(Debug, Error)]
pub enum InvitationError {
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("there is no such invitation")]
    NotFound,
    #[error("a business has registered with the invitation")]
    Used,
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<InvitationError> for Problem {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::Invalid(fields) => Self::invalid(fields),
            InvitationError::NotFound => Self::new(Kind::NotFound),
            InvitationError::Used => Self::new(Kind::Conflict).with_detail(error),
            InvitationError::Key(error) => error.into(),
            InvitationError::Store(error) => error.into(),
        }
    }
}

/// Makes an invitation, once per key.
pub async fn invite(
    platform: &Platform,
    permit: &SuperAdmin,
    invite: Invite,
    key: Option<Key>,
) -> Result<Invited, InvitationError> {
    let now = platform.clock.now();
    let (email, expires_at) = check(&invite, now)?;
    let code = invitation_code::new();
    let code_hash = invitation_code::hash_of(&code);
    let work = MakeInvitation { code_hash: code_hash.clone(), email, plan: invite.plan, expires_at, key };
    let made = platform.store.perform_system(&platform.system_act(permit), &work).await?;
    Ok(Invited {
        invitation_id: made.invitation_id,
        code: (made.code_hash == hex::encode(&code_hash)).then_some(code),
        email: made.email,
        plan: made.plan,
        expires_at: made.expires_at,
    })
}

fn check(invite: &Invite, now: Timestamp) -> Result<(Option<String>, Timestamp), InvitationError> {
    let mut wrong = Vec::new();
    let email = invite.email.as_deref().map(|email| fields::email("email", email)).transpose();
    let email = email.unwrap_or_else(|error| {
        wrong.push(error);
        None
    });
    let days = |count: i64| SignedDuration::from_hours(24 * count);
    let expires_at = invite.expires_at.unwrap_or(now + days(INVITATION_DAYS_DEFAULT));
    if expires_at <= now || expires_at > now + days(INVITATION_DAYS_MAX) {
        let why = format!("must be in the future and at most {INVITATION_DAYS_MAX} days ahead");
        wrong.push(FieldError::new("expiresAt", why));
    }
    if wrong.is_empty() { Ok((email, expires_at)) } else { Err(InvitationError::Invalid(wrong)) }
}

/// Stored with the key, without the code: its hash shows whether a caller has the code of what was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    invitation_id: InvitationId,
    code_hash: String,
    email: Option<String>,
    plan: Option<String>,
    expires_at: Timestamp,
}

struct MakeInvitation {
    code_hash: Vec<u8>,
    email: Option<String>,
    plan: Option<String>,
    expires_at: Timestamp,
    key: Option<Key>,
}

impl SystemOperation for MakeInvitation {
    const NAME: &'static str = "make_invitation";
    type Done = Made;
    type Error = InvitationError;

    async fn run(&self, tx: &SystemTx) -> Result<Made, InvitationError> {
        once_in_system(tx, self.key.as_ref(), self.make(tx)).await
    }
}

impl MakeInvitation {
    async fn make(&self, tx: &SystemTx) -> Result<Made, InvitationError> {
        let plan = match &self.plan {
            None => None,
            Some(name) => {
                let plan = offered(plans::find_by_name(tx, name).await?);
                Some(plan.map_err(|error| InvitationError::Invalid(vec![error]))?)
            }
        };
        let new = invitations::NewInvitation {
            code_hash: self.code_hash.clone(),
            email: self.email.clone(),
            plan: plan.as_ref().map(|plan| plan.plan_id),
            expires_at: self.expires_at,
        };
        let invitation_id = invitations::insert(tx, &new).await?;
        let plan = plan.map(|plan| plan.name);
        let detail =
            json!({ "plan": plan, "isForOneAddress": self.email.is_some(), "expiresAt": self.expires_at });
        let entry = NewEntry::new("invitation.create", format!("invitation:{invitation_id}"), detail);
        audit_log::append_of_platform(tx, &entry).await?;
        Ok(Made {
            invitation_id,
            code_hash: hex::encode(&self.code_hash),
            email: self.email.clone(),
            plan,
            expires_at: self.expires_at,
        })
    }
}

/// Invitations older than `before`, newest first.
pub async fn list_invitations(
    platform: &Platform,
    permit: &SuperAdmin,
    before: InvitationId,
    limit: i64,
) -> Result<Vec<Invitation>, StoreError> {
    platform.store.perform_system(&platform.system_act(permit), &ListInvitations { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_invitations";
    system struct ListInvitations { before: InvitationId, limit: i64 }
    fn run(&self, tx) -> Vec<Invitation> { invitations::list(tx, self.before, self.limit) }
}

/// Takes back an invitation that was not used: its code is refused from then on.
pub async fn delete_invitation(
    platform: &Platform,
    permit: &SuperAdmin,
    invitation: InvitationId,
) -> Result<(), InvitationError> {
    platform.store.perform_system(&platform.system_act(permit), &DeleteInvitation { invitation }).await
}

struct DeleteInvitation {
    invitation: InvitationId,
}

impl SystemOperation for DeleteInvitation {
    const NAME: &'static str = "delete_invitation";
    type Done = ();
    type Error = InvitationError;

    async fn run(&self, tx: &SystemTx) -> Result<(), InvitationError> {
        if !invitations::delete(tx, self.invitation).await? {
            let is_used = invitations::is_there(tx, self.invitation).await?;
            return Err(if is_used { InvitationError::Used } else { InvitationError::NotFound });
        }
        let entry = NewEntry::new("invitation.delete", format!("invitation:{}", self.invitation), json!({}));
        audit_log::append_of_platform(tx, &entry).await.map(drop).map_err(InvitationError::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = concat!(
            r#"{"invitation_id":"0190163d-8694-7001-8000-000000000001","code_hash":"00","email":null,"plan":"Pro","#,
            r#""expires_at":"2026-12-01T12:00:00Z"}"#
        );
        let made: Made = serde_json::from_str(stored).unwrap();
        assert_eq!((made.plan.as_deref(), made.email), (Some("Pro"), None));
    }
}

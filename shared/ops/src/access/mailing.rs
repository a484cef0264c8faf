//! The mailer's side of an e-mail: taking it for an attempt with the link that it holds, and noting what became of it.
//!
//! A link's secret is made when the e-mail is written, and is in no queue, no row and no log (I29). An e-mail that was sent is
//! not taken again, so an event that comes twice sends one; only when a mailer ends between the mail server's answer and the
//! note of it does a second e-mail leave, and then its newer link is the valid one.

use domain::access::email::{EmailKind, LinkPurpose};
use domain::events::DomainEvent;
use domain::{EmailId, TenantId, UserId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::access::links::NewLink;
use store::access::users::{self, User};
use store::access::{email_changes, invites, links};
use store::audit_log::{self, NewEntry};
use store::emails::{self, Email, Taken};
use store::{StoreError, SystemOperation, SystemTx, TenantTx};

use crate::access::{invite, proof, reset};
use crate::kernel::hash::sha256;
use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// How long an attempt may take: longer than a mail server is waited for.
const HELD_FOR: SignedDuration = SignedDuration::from_secs(30);

/// An e-mail that is to be written and sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub email_id: EmailId,
    pub kind: EmailKind,
    pub tenant_id: TenantId,
    pub tenant_name: String,
    pub recipient: String,
    /// Of the link, where it holds one.
    pub secret: String,
}

/// What is to be done about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is about no e-mail, or about one that was sent or is no longer wanted.
    Nothing,
    /// Another mailer is at work on it.
    Later(SignedDuration),
    Send(Box<Draft>),
}

/// Takes the e-mail of an event for an attempt.
pub async fn begin(platform: &Platform, event: DomainEvent) -> Result<Begun, StoreError> {
    let subject = match event {
        DomainEvent::EmailQueued { email_id, .. }
        | DomainEvent::TenantProvisioned { email_id: Some(email_id), .. }
        | DomainEvent::UserInvited { email_id: Some(email_id), .. } => Subject::Row(email_id),
        DomainEvent::TenantProvisioned { tenant_id, user_id, email, email_id: None, .. } => {
            Subject::Before { kind: EmailKind::Welcome, tenant: tenant_id, user: user_id, email }
        }
        DomainEvent::UserInvited { tenant_id, user_id, email, email_id: None } => {
            Subject::Before { kind: EmailKind::Invitation, tenant: tenant_id, user: user_id, email }
        }
        // Nothing is written about it; the bus has it for others.
        DomainEvent::WhatsappPaused { .. }
        | DomainEvent::BalanceLow { .. }
        | DomainEvent::TenantStateChanged { .. } => return Ok(Begun::Nothing),
    };
    let take = BeginEmail { subject, secret: invite::new_secret() };
    let (begun, linked) = platform.store.perform_system(&platform.system(), &take).await?;
    if let Some(user) = linked {
        note(SecurityEvent::LinkCreated, Some(user));
    }
    Ok(begun)
}

enum Subject {
    Row(EmailId),
    /// An event of the version before has no row.
    Before {
        kind: EmailKind,
        tenant: TenantId,
        user: UserId,
        email: String,
    },
}

struct BeginEmail {
    subject: Subject,
    secret: String,
}

impl SystemOperation for BeginEmail {
    const NAME: &'static str = "begin_email";
    /// Also the user who got a link.
    type Done = (Begun, Option<UserId>);
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        let id = match &self.subject {
            Subject::Row(id) => *id,
            Subject::Before { kind, tenant, user, email } => {
                emails::adopt(&tx.as_tenant(*tenant), *kind, *user, email).await?
            }
        };
        let email = match emails::hold(tx, id, tx.now() + HELD_FOR).await? {
            Taken::Nothing => return Ok((Begun::Nothing, None)),
            Taken::Held(until) => return Ok((Begun::Later(until.duration_since(tx.now())), None)),
            Taken::Mine(email) => email,
        };
        let Some(user) = self.recipient(tx, &email).await? else {
            tracing::info!(%id, kind = %email.kind, "An e-mail is no longer wanted and is not sent.");
            emails::drop(&tx.as_tenant(email.tenant_id), id).await?;
            return Ok((Begun::Nothing, None));
        };
        let linked = (email.kind != EmailKind::PasswordChanged).then_some(user.user_id);
        let draft = Draft {
            email_id: id,
            kind: email.kind,
            tenant_id: user.tenant_id,
            tenant_name: email.tenant_name,
            recipient: email.recipient,
            secret: self.secret.clone(),
        };
        Ok((Begun::Send(Box::new(draft)), linked))
    }
}

impl BeginEmail {
    /// The user who is written to, for whom the link is stored now. `None` when the e-mail is not to be sent any more.
    async fn recipient(&self, tx: &SystemTx, email: &Email) -> Result<Option<User>, StoreError> {
        let of_tenant = &tx.as_tenant(email.tenant_id);
        if email.kind == EmailKind::PasswordReset {
            return self.reset(tx, of_tenant, email).await;
        }
        let Some(user) = email.user_id else { return Ok(None) };
        let Some(user) = users::find(of_tenant, user).await? else { return Ok(None) };
        let is_present_address = user.email == email.recipient;
        let (purpose, until) = match email.kind {
            EmailKind::Welcome | EmailKind::Invitation => {
                if user.password_hash.is_some() || !is_present_address {
                    return Ok(None);
                }
                invites::drop_all(of_tenant, user.user_id).await?;
                let (hash, until) = (sha256(self.secret.as_bytes()), tx.now() + invite::GOOD_FOR);
                invites::insert(of_tenant, user.user_id, &hash, until).await?;
                return Ok(Some(user));
            }
            EmailKind::PasswordChanged => return Ok(Some(user)),
            EmailKind::Proof if user.email_proven_at.is_none() && is_present_address => {
                (LinkPurpose::Proof, tx.now() + proof::GOOD_FOR)
            }
            EmailKind::ChangeToNew | EmailKind::ChangeFromOld => {
                let Some(change) = email_changes::lock(of_tenant, user.user_id).await? else {
                    return Ok(None);
                };
                let (purpose, is_wanted) = if email.kind == EmailKind::ChangeToNew {
                    (
                        LinkPurpose::ChangeToNew,
                        change.new_email == email.recipient && !change.is_confirmed_by_new,
                    )
                } else {
                    (LinkPurpose::ChangeFromOld, is_present_address && !change.is_confirmed_by_old)
                };
                if !is_wanted {
                    return Ok(None);
                }
                (purpose, change.expires_at)
            }
            EmailKind::Proof | EmailKind::PasswordReset => return Ok(None),
        };
        self.link(of_tenant, (&user, &email.recipient), purpose, until).await?;
        Ok(Some(user))
    }

    /// The address is looked up here, where nobody waits for the answer.
    async fn reset(
        &self,
        tx: &SystemTx,
        asked: &TenantTx,
        email: &Email,
    ) -> Result<Option<User>, StoreError> {
        let user = users::find_by_email(tx, &email.recipient).await?;
        let Some(user) = user.filter(|user| user.tenant_state.may_read()) else { return Ok(None) };
        emails::address(asked, email.email_id, (user.tenant_id, user.user_id)).await?;
        let tx = &tx.as_tenant(user.tenant_id);
        let until = tx.now() + reset::GOOD_FOR;
        self.link(tx, (&user, &email.recipient), LinkPurpose::Reset, until).await?;
        let entry = NewEntry::new("user.forgot_password", format!("user:{}", user.user_id), json!({}));
        audit_log::append(tx, &entry).await?;
        Ok(Some(user))
    }

    async fn link(
        &self,
        tx: &TenantTx,
        (user, address): (&User, &str),
        purpose: LinkPurpose,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let secret_hash = &sha256(self.secret.as_bytes());
        links::replace(tx, &NewLink { user: user.user_id, purpose, address, secret_hash, expires_at }).await
    }
}

/// Notes that the mail server took it.
pub async fn sent(platform: &Platform, id: EmailId) -> Result<(), StoreError> {
    platform.store.perform_system(&platform.system(), &EmailSent { id }).await
}

one_statement! {
    const NAME: &'static str = "email_sent";
    system struct EmailSent { id: EmailId }
    fn run(&self, tx) -> () { emails::sent(tx, self.id) }
}

/// Notes why an attempt failed; `is_final` when no later one can succeed.
pub async fn failed(platform: &Platform, id: EmailId, why: String, is_final: bool) -> Result<(), StoreError> {
    platform.store.perform_system(&platform.system(), &EmailFailed { id, why, is_final }).await
}

one_statement! {
    const NAME: &'static str = "email_failed";
    system struct EmailFailed { id: EmailId, why: String, is_final: bool }
    fn run(&self, tx) -> () { emails::failed(tx, self.id, (&self.why, self.is_final), cloud::MAIL_RECEIVES_MAX) }
}

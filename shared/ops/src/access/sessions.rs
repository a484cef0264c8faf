//! A login goes on with refresh tokens: each is used once and followed by another. One that is used again later than a lost
//! answer explains was stolen, by whoever used it first or second, and ends the session (RFC 9700, 4.14.2).

use domain::access::Source;
use domain::problem::Kind;
use domain::{Problem, SessionId, UserId};
use jiff::SignedDuration;
use serde_json::json;
use store::access::sessions;
pub use store::access::sessions::Session;
use store::access::users::{self, User};
use store::audit_log::{self, NewEntry};
use store::{Operation, StoreError, SystemOperation, SystemTx, TenantTx};
use thiserror::Error;

use crate::kernel::hash::sha256;
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::{Member, Permit};
use crate::kernel::platform::Platform;
use crate::kernel::security_event::{SecurityEvent, note};

/// A session ends when it is not used for so long.
pub const GOOD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// A client whose answer was lost asks again with the same token within this time.
const LOST_ANSWER: SignedDuration = SignedDuration::from_secs(10);
/// How long an ended session stays, so that its tokens are recognised.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// Sessions in one list.
const LISTED_MAX: i64 = 100;

/// A session, and the token that continues it. The token's secret is in no log and no table (I29).
pub struct Started {
    pub session: SessionId,
    pub refresh_token: String,
}

#[derive(Debug, Error)]
pub enum SessionError {
    /// Unknown, used, revoked or expired: the answer does not say which.
    #[error("the refresh token is no longer valid; log in again")]
    Refused,
    #[error("there is no such session")]
    NotFound,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Refused => Self::new(Kind::Unauthenticated).with_detail(error),
            SessionError::NotFound => Self::new(Kind::NotFound),
            SessionError::Store(error) => error.into(),
        }
    }
}

fn new_secret() -> String {
    format!("tdr_{}", hex::encode(rand::random::<[u8; 32]>()))
}

/// Starts a session of a user who has just logged in.
///
/// The user may have been removed since.
pub async fn start(platform: &Platform, user: &User, source: Source) -> Result<Started, SessionError> {
    let refresh_token = new_secret();
    let session = SessionId::at(platform.clock.now());
    let start =
        StartSession { session, user: user.user_id, source, secret_hash: sha256(refresh_token.as_bytes()) };
    match platform.store.perform(&platform.as_system(user.tenant_id), &start).await {
        Err(error) if error.is_constraint(sessions::NO_USER) => Err(SessionError::Refused),
        done => Ok(done.map(|()| Started { session, refresh_token })?),
    }
}

struct StartSession {
    session: SessionId,
    user: UserId,
    source: Source,
    secret_hash: Vec<u8>,
}

impl Operation for StartSession {
    const NAME: &'static str = "start_session";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let expires_at = tx.now() + GOOD_FOR;
        sessions::start(tx, self.session, self.user, &self.source.to_string(), expires_at).await?;
        sessions::add_token(tx, self.session, &self.secret_hash).await
    }
}

/// Continues the session of a refresh token with another one.
pub async fn refresh(
    platform: &Platform,
    refresh_token: &str,
    source: Source,
) -> Result<(User, Started), SessionError> {
    let next = new_secret();
    let refresh =
        RefreshSession { given: sha256(refresh_token.as_bytes()), next: sha256(next.as_bytes()), source };
    match platform.store.perform_system(&platform.system(), &refresh).await? {
        Refreshed::Continued(user, session) => {
            tracing::Span::current().record("tenant", tracing::field::display(user.tenant_id));
            Ok((*user, Started { session, refresh_token: next }))
        }
        Refreshed::Reused(user) => {
            note(SecurityEvent::RefreshTokenReused, Some(user));
            Err(SessionError::Refused)
        }
        Refreshed::Refused => {
            note(SecurityEvent::TokenRefused, None);
            Err(SessionError::Refused)
        }
    }
}

enum Refreshed {
    Continued(Box<User>, SessionId),
    /// The session was ended.
    Reused(UserId),
    Refused,
}

struct RefreshSession {
    given: Vec<u8>,
    next: Vec<u8>,
    source: Source,
}

impl SystemOperation for RefreshSession {
    const NAME: &'static str = "refresh_session";
    type Done = Refreshed;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Refreshed, StoreError> {
        let Some(found) = sessions::find_token(tx, &self.given).await? else { return Ok(Refreshed::Refused) };
        if found.is_revoked || found.expires_at <= tx.now() {
            return Ok(Refreshed::Refused);
        }
        let tx = &tx.as_tenant(found.tenant);
        if found.used_at.is_some_and(|used_at| tx.now().duration_since(used_at) > LOST_ANSWER) {
            sessions::revoke(tx, found.session, found.user).await?;
            record(tx, "session.reuse", found.session).await?;
            return Ok(Refreshed::Reused(found.user));
        }
        let user = users::find(tx, found.user).await?.filter(|user| user.tenant_state.may_read());
        let Some(user) = user else { return Ok(Refreshed::Refused) };
        let expires_at = tx.now() + GOOD_FOR;
        let given = (found.session, self.given.as_slice());
        sessions::continue_until(tx, given, &self.source.to_string(), expires_at).await?;
        sessions::add_token(tx, found.session, &self.next).await?;
        Ok(Refreshed::Continued(Box::new(user), found.session))
    }
}

/// Which sessions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The token's own.
    This,
    /// Every one of its user.
    All,
}

/// Ends the session of a refresh token, or all of its user's. A token that continues nothing ends nothing.
pub async fn log_out(platform: &Platform, refresh_token: &str, end: End) -> Result<(), SessionError> {
    let log_out = LogOut { given: sha256(refresh_token.as_bytes()), end };
    let is_known = platform.store.perform_system(&platform.system(), &log_out).await?;
    if is_known { Ok(()) } else { Err(SessionError::Refused) }
}

struct LogOut {
    given: Vec<u8>,
    end: End,
}

impl SystemOperation for LogOut {
    const NAME: &'static str = "log_out";
    type Done = bool;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<bool, StoreError> {
        let found = sessions::find_token(tx, &self.given).await?;
        let Some(found) = found.filter(|found| !found.is_revoked) else { return Ok(false) };
        let tx = &tx.as_tenant(found.tenant);
        match self.end {
            End::This => {
                sessions::revoke(tx, found.session, found.user).await?;
                record(tx, "session.end", found.session).await?;
            }
            End::All => {
                sessions::revoke_all(tx, found.user).await?;
                let entry = NewEntry::new("session.end_all", format!("user:{}", found.user), json!({}));
                audit_log::append(tx, &entry).await?;
            }
        }
        Ok(true)
    }
}

async fn record(tx: &TenantTx, action: &'static str, session: SessionId) -> Result<(), StoreError> {
    let entry = NewEntry::new(action, format!("session:{session}"), json!({}));
    audit_log::append(tx, &entry).await.map(drop)
}

/// The caller's own sessions, newest first.
pub async fn list(platform: &Platform, permit: &Member) -> Result<Vec<Session>, StoreError> {
    let Some(user) = permit.caller().actor.user() else { return Ok(Vec::new()) };
    platform.store.perform(&platform.act(permit), &ListSessions { user, limit: LISTED_MAX }).await
}

one_statement! {
    const NAME: &'static str = "list_sessions";
    struct ListSessions { user: UserId, limit: i64 }
    fn run(&self, tx) -> Vec<Session> { sessions::list(tx, self.user, self.limit) }
}

/// Ends one of the caller's own sessions.
pub async fn end(platform: &Platform, permit: &Member, session: SessionId) -> Result<(), SessionError> {
    let user = permit.caller().actor.user().ok_or(SessionError::NotFound)?;
    platform.store.perform(&platform.act(permit), &EndSession { session, user }).await
}

struct EndSession {
    session: SessionId,
    user: UserId,
}

impl Operation for EndSession {
    const NAME: &'static str = "end_session";
    type Done = ();
    type Error = SessionError;

    async fn run(&self, tx: &TenantTx) -> Result<(), SessionError> {
        if !sessions::revoke(tx, self.session, self.user).await? {
            return Err(SessionError::NotFound);
        }
        Ok(record(tx, "session.end", self.session).await?)
    }
}

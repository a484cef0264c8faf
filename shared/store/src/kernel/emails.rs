//! E-mails to people who log in: a row for each, written with what it is about, and kept up to date by the mailer.

use domain::access::email::{EmailKind, EmailState};
use domain::{EmailId, TenantId, UserId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[
    QUEUE,
    ADOPT,
    LOCK,
    HOLD,
    ADDRESS,
    DROP,
    SENT,
    FAILED,
    AGAIN,
    FIND,
    LIST,
    LIST_IN_STATE,
    GIVE_UP,
    FORGET_BEFORE,
];

/// E-mails that one sweep gives up or deletes at most.
const SWEPT_MAX: i64 = 5_000;

/// An e-mail as the platform's owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    pub tenant_id: TenantId,
    pub tenant_name: String,
    pub email_id: EmailId,
    /// Absent while it is not known whose address it is.
    pub user_id: Option<UserId>,
    pub kind: EmailKind,
    pub recipient: String,
    pub state: EmailState,
    /// Since it was queued last.
    pub attempts: i32,
    /// Why the last attempt failed, in words.
    pub error: Option<String>,
    pub queued_at: Timestamp,
    pub tried_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
}

/// Of `emails e JOIN tenants t`.
macro_rules! columns {
    () => {
        "e.tenant_id, t.name AS tenant_name, e.email_id, e.user_id, e.kind, e.recipient, e.state, e.attempts, e.error, \
         e.queued_at, e.tried_at, e.sent_at"
    };
}

const QUEUE: &str = "-- emails::queue
INSERT INTO emails (tenant_id, email_id, user_id, kind, recipient, state, queued_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Adds an e-mail that is to be sent; the caller puts its event into the outbox. `user` is absent when it is not known whose
/// address it is.
pub async fn queue(
    tx: &TenantTx,
    kind: EmailKind,
    user: Option<UserId>,
    recipient: &str,
) -> Result<EmailId, StoreError> {
    let id = EmailId::at(tx.now());
    let values = params![
        tx.tenant().0 => UUID, id.0 => UUID, user.map(|user| user.0) => UUID, kind.as_str() => TEXT, recipient => TEXT,
        EmailState::Queued.as_str() => TEXT, tx.now() => TIMESTAMPTZ,
    ];
    tx.run_one(QUEUE, values).await?;
    Ok(id)
}

const ADOPT: &str = "-- emails::adopt
INSERT INTO emails (tenant_id, email_id, user_id, kind, recipient, state, queued_at)
SELECT $1, $2, u.user_id, $4, $5, $6, $7 FROM users u WHERE u.tenant_id = $1 AND u.user_id = $3
    ON CONFLICT (tenant_id, email_id) DO NOTHING";

/// Adds the row of an event that the version before wrote, which has none. Its id is the user's, so that the same event adds
/// it once. There is nothing to add for a user who is removed.
pub async fn adopt(
    tx: &TenantTx,
    kind: EmailKind,
    user: UserId,
    recipient: &str,
) -> Result<EmailId, StoreError> {
    let id = EmailId(user.0);
    let values = params![
        tx.tenant().0 => UUID, id.0 => UUID, user.0 => UUID, kind.as_str() => TEXT, recipient => TEXT,
        EmailState::Queued.as_str() => TEXT, tx.now() => TIMESTAMPTZ,
    ];
    tx.run(ADOPT, values).await?;
    Ok(id)
}

/// Why a mailer does not send an e-mail, or the e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Sent already, or there is no such e-mail.
    Nothing,
    /// Another mailer is at work on it until then.
    Held(Timestamp),
    /// It is this mailer's until it is recorded.
    Mine(Email),
}

const LOCK: &str = concat!(
    "-- emails::lock
SELECT ",
    columns!(),
    ", e.held_until
  FROM emails e JOIN tenants t USING (tenant_id) WHERE e.email_id = $1 AND e.state <> 'SENT' FOR UPDATE OF e"
);

const HOLD: &str = "-- emails::hold
UPDATE emails SET attempts = attempts + 1, tried_at = $2, held_until = $3 WHERE email_id = $1";

/// Takes an e-mail for one attempt, which is recorded before `until`.
pub async fn hold(tx: &SystemTx, id: EmailId, until: Timestamp) -> Result<Taken, StoreError> {
    let Some(row) = tx.row(LOCK, params![id.0 => UUID]).await? else { return Ok(Taken::Nothing) };
    let held_until: Option<Timestamp> = row.get("held_until");
    if let Some(held_until) = held_until.filter(|end| *end > tx.now()) {
        return Ok(Taken::Held(held_until));
    }
    tx.run_one(HOLD, params![id.0 => UUID, tx.now() => TIMESTAMPTZ, until => TIMESTAMPTZ]).await?;
    Ok(Taken::Mine(from_row(&row)?))
}

const ADDRESS: &str = "-- emails::address
UPDATE emails SET tenant_id = $3, user_id = $4 WHERE tenant_id = $1 AND email_id = $2";

/// Notes whose e-mail it is.
pub async fn address(
    tx: &TenantTx,
    id: EmailId,
    (tenant, user): (TenantId, UserId),
) -> Result<(), StoreError> {
    let values = params![tx.tenant().0 => UUID, id.0 => UUID, tenant.0 => UUID, user.0 => UUID];
    tx.run_one(ADDRESS, values).await
}

const DROP: &str = "-- emails::drop
DELETE FROM emails WHERE tenant_id = $1 AND email_id = $2";

/// Removes an e-mail that is not to be sent.
pub async fn drop(tx: &TenantTx, id: EmailId) -> Result<(), StoreError> {
    tx.run_one(DROP, params![tx.tenant().0 => UUID, id.0 => UUID]).await
}

const SENT: &str = "-- emails::sent
UPDATE emails SET state = 'SENT', sent_at = $2, error = NULL, held_until = NULL WHERE email_id = $1";

/// Notes that the mail server took it. The user may have been removed meanwhile, and the row with them.
pub async fn sent(tx: &SystemTx, id: EmailId) -> Result<(), StoreError> {
    tx.run(SENT, params![id.0 => UUID, tx.now() => TIMESTAMPTZ]).await.map(std::mem::drop)
}

const FAILED: &str = "-- emails::failed
UPDATE emails SET state = CASE WHEN $3 OR attempts >= $4 THEN 'PARKED' ELSE 'RETRYING' END, error = $2, held_until = NULL
 WHERE email_id = $1 AND state <> 'SENT'";

/// Notes why an attempt failed. It is given up when no later attempt can succeed, or after `attempts_max`.
pub async fn failed(
    tx: &SystemTx,
    id: EmailId,
    (why, is_final): (&str, bool),
    attempts_max: i32,
) -> Result<(), StoreError> {
    let values = params![id.0 => UUID, why => TEXT, is_final => BOOL, attempts_max => INT4];
    tx.run(FAILED, values).await.map(std::mem::drop)
}

const AGAIN: &str = "-- emails::again
UPDATE emails SET state = 'QUEUED', attempts = 0, queued_at = $3 WHERE tenant_id = $1 AND email_id = $2 AND state = 'PARKED'";

/// Queues an e-mail again that was given up; returns whether it was.
pub async fn again(tx: &TenantTx, id: EmailId) -> Result<bool, StoreError> {
    let values = params![tx.tenant().0 => UUID, id.0 => UUID, tx.now() => TIMESTAMPTZ];
    Ok(tx.run(AGAIN, values).await? > 0)
}

const FIND: &str = concat!(
    "-- emails::find
SELECT ",
    columns!(),
    "
  FROM emails e JOIN tenants t USING (tenant_id) WHERE e.email_id = $1"
);

pub async fn find(tx: &SystemTx, id: EmailId) -> Result<Option<Email>, StoreError> {
    let row = tx.row(FIND, params![id.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const LIST: &str = concat!(
    "-- emails::list
SELECT ",
    columns!(),
    "
  FROM emails e JOIN tenants t USING (tenant_id) WHERE e.email_id < $1 ORDER BY e.email_id DESC LIMIT $2"
);

const LIST_IN_STATE: &str = concat!(
    "-- emails::list_in_state
SELECT ",
    columns!(),
    "
  FROM emails e JOIN tenants t USING (tenant_id) WHERE e.state = $3 AND e.email_id < $1 ORDER BY e.email_id DESC LIMIT $2"
);

/// E-mails older than `before`, newest first; of one state, or of any.
pub async fn list(
    tx: &SystemTx,
    state: Option<EmailState>,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Email>, StoreError> {
    let rows = match state {
        None => tx.rows(LIST, params![before => UUID, limit => INT8]).await?,
        Some(state) => {
            let values = params![before => UUID, limit => INT8, state.as_str() => TEXT];
            tx.rows(LIST_IN_STATE, values).await?
        }
    };
    rows.iter().map(from_row).collect()
}

const GIVE_UP: &str = "-- emails::give_up
UPDATE emails SET state = 'PARKED', error = coalesce(error, $3), held_until = NULL WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM emails WHERE state IN ('QUEUED', 'RETRYING') AND coalesce(tried_at, queued_at) <= $1
     ORDER BY coalesce(tried_at, queued_at) LIMIT $2))";

/// Gives up what was queued or tried last at `until` or earlier: its message on the queue is lost or a dead letter.
pub async fn give_up(tx: &SystemTx, until: Timestamp, why: &str) -> Result<u64, StoreError> {
    tx.run(GIVE_UP, params![until => TIMESTAMPTZ, SWEPT_MAX => INT8, why => TEXT]).await
}

const FORGET_BEFORE: &str = "-- emails::forget_before
DELETE FROM emails WHERE ctid = ANY (ARRAY(SELECT ctid FROM emails WHERE email_id < $1 ORDER BY email_id LIMIT $2))";

/// Deletes what was first queued before `until`.
pub async fn forget_before(tx: &SystemTx, until: Timestamp) -> Result<u64, StoreError> {
    tx.run(FORGET_BEFORE, params![EmailId::first_of(until).0 => UUID, SWEPT_MAX => INT8]).await
}

fn from_row(row: &Row) -> Result<Email, StoreError> {
    Ok(Email {
        tenant_id: TenantId(row.get("tenant_id")),
        tenant_name: row.get("tenant_name"),
        email_id: EmailId(row.get("email_id")),
        user_id: row.get::<_, Option<Uuid>>("user_id").map(UserId),
        kind: word(row, "emails", "kind")?,
        recipient: row.get("recipient"),
        state: word(row, "emails", "state")?,
        attempts: row.get("attempts"),
        error: row.get("error"),
        queued_at: row.get("queued_at"),
        tried_at: row.get("tried_at"),
        sent_at: row.get("sent_at"),
    })
}

//! Erasing a tenant: what names people goes, in parts, and what the books need stays.
//!
//! Kept are the ledger and its seals, messages with state, price and times, every status, the suppressed addresses (hashes)
//! and the audit log, which names nobody but by id. A test lists what becomes of every table.

use domain::tenants::ErasureStep;
use domain::tenants::usage::Quantity;
use domain::{MessageId, TenantId};
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, TenantTx, params};
use crate::usage;

/// A tenant's erasure, and how far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub begun_at: Timestamp,
    /// What is erased now.
    pub step: ErasureStep,
    /// The last row of it that is done.
    pub done_until: Option<Uuid>,
    pub finished_at: Option<Timestamp>,
    pub erased: ErasedRows,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErasedRows {
    /// Messages that were not sent.
    pub cancelled: i64,
    /// Messages whose recipient and texts are gone.
    pub messages: i64,
    pub contacts: i64,
}

/// Erasures that are found at once.
const OPEN_MAX: i64 = 100;

pub(crate) const STATEMENTS: &[&str] = &[
    BEGIN,
    FIND,
    OPEN,
    LOCK,
    GO_ON,
    FINISH,
    KEYS,
    OUTBOX,
    HOLDS,
    RATES,
    LINKS,
    SESSIONS,
    API_KEYS,
    USERS,
    INVITATIONS,
    MAIL,
    WAITING,
    BATCHES,
    MESSAGES,
    CONTACTS,
    ADDRESSES,
    TEMPLATES,
    PARKED,
    UNHANDLED,
    ACCOUNTS,
    NUMBERS,
    IDENTITY,
];

const BEGIN: &str = "-- tenant::begin
INSERT INTO tenant_erasures (tenant_id, begun_at, step) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

/// Begins to erase a tenant; returns whether that is new.
pub async fn begin(tx: &TenantTx) -> Result<bool, StoreError> {
    let first = ErasureStep::FIRST.as_str();
    let values = params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ, first => TEXT];
    Ok(tx.run(BEGIN, values).await? > 0)
}

macro_rules! columns {
    () => {
        "begun_at, step, done_until, cancelled, messages, contacts, finished_at"
    };
}

const FIND: &str =
    concat!("-- tenant::find\nSELECT ", columns!(), " FROM tenant_erasures WHERE tenant_id = $1");

/// The tenant's erasure, if it was begun.
pub async fn find(tx: &TenantTx) -> Result<Option<Erasure>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const OPEN: &str = "-- tenant::open
SELECT tenant_id FROM tenant_erasures WHERE finished_at IS NULL ORDER BY begun_at LIMIT $1";

/// Tenants that are being erased, the oldest erasure first.
pub async fn open(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(OPEN, params![OPEN_MAX => INT8]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

const LOCK: &str = concat!(
    "-- tenant::lock\nSELECT ",
    columns!(),
    " FROM tenant_erasures WHERE tenant_id = $1 AND finished_at IS NULL FOR UPDATE SKIP LOCKED"
);

/// The tenant's erasure, locked; `None` when it is finished, or when another process is at it.
pub async fn lock(tx: &TenantTx) -> Result<Option<Erasure>, StoreError> {
    let row = tx.row(LOCK, params![tx.tenant().0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

fn from_row(row: &tokio_postgres::Row) -> Result<Erasure, StoreError> {
    Ok(Erasure {
        begun_at: row.get("begun_at"),
        step: word(row, "tenant_erasures", "step")?,
        done_until: row.get("done_until"),
        finished_at: row.get("finished_at"),
        erased: ErasedRows {
            cancelled: row.get("cancelled"),
            messages: row.get("messages"),
            contacts: row.get("contacts"),
        },
    })
}

const GO_ON: &str = "-- tenant::go_on
UPDATE tenant_erasures SET step = $2, done_until = $3, cancelled = $4, messages = $5, contacts = $6 WHERE tenant_id = $1";

/// Writes how far the erasure came.
pub async fn go_on(tx: &TenantTx, erasure: &Erasure) -> Result<(), StoreError> {
    let ErasedRows { cancelled, messages, contacts } = erasure.erased;
    let values = params![
        tx.tenant().0 => UUID, erasure.step.as_str() => TEXT, erasure.done_until => UUID, cancelled => INT8, messages => INT8,
        contacts => INT8,
    ];
    tx.run_one(GO_ON, values).await
}

const FINISH: &str = "-- tenant::finish
UPDATE tenant_erasures SET finished_at = $2 WHERE tenant_id = $1";

pub async fn finish(tx: &TenantTx) -> Result<(), StoreError> {
    tx.run_one(FINISH, params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ]).await
}

const KEYS: &str = "-- tenant::idempotency_keys
DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(SELECT ctid FROM idempotency_keys WHERE tenant_id = $1 LIMIT $2))
   AND tenant_id = $1";

const OUTBOX: &str = "-- tenant::outbox
DELETE FROM outbox WHERE tenant_id = $1";

// What holds the tenant itself stays, so that nothing is ever sent again.
const HOLDS: &str = "-- tenant::holds
DELETE FROM holds WHERE tenant_id = $1 AND NOT (kind = 'TENANT' AND reason = 'TENANT')";

const RATES: &str = "-- tenant::request_rates
DELETE FROM request_rates WHERE tenant_id = $1";

const LINKS: &str = "-- tenant::invites
DELETE FROM invites WHERE tenant_id = $1";

// Their refresh tokens go with them.
const SESSIONS: &str = "-- tenant::sessions
DELETE FROM sessions WHERE ctid = ANY (ARRAY(SELECT ctid FROM sessions WHERE tenant_id = $1 LIMIT $2)) AND tenant_id = $1";

const API_KEYS: &str = "-- tenant::api_keys
DELETE FROM api_keys WHERE tenant_id = $1";

const USERS: &str = "-- tenant::users
DELETE FROM users WHERE tenant_id = $1";

const INVITATIONS: &str = "-- tenant::invitations
DELETE FROM invitations WHERE used_by = $1";

// E-mails that did not leave name their recipient. These are few, and have no index.
const MAIL: &str = "-- tenant::mail
DELETE FROM dead_letters WHERE queue = 'mail' AND strpos(body, $1) > 0";

/// Erases who got in, with `rows` of what there is much of. Returns whether that was all.
pub async fn erase_access(tx: &TenantTx, rows: i64) -> Result<bool, StoreError> {
    let tenant = tx.tenant().0;
    for sql in [KEYS, SESSIONS] {
        if tx.run(sql, params![tenant => UUID, rows => INT8]).await? >= rows.unsigned_abs() {
            return Ok(false);
        }
    }
    for sql in [OUTBOX, HOLDS, RATES, LINKS, API_KEYS, INVITATIONS] {
        tx.run(sql, params![tenant => UUID]).await?;
    }
    let users = tx.run(USERS, params![tenant => UUID]).await?;
    usage::give_back_many(tx, Quantity::Users, users).await?;
    tx.run(MAIL, params![tenant.to_string() => TEXT]).await?;
    Ok(true)
}

const WAITING: &str = "-- tenant::take_waiting
WITH due_now AS (
    DELETE FROM due WHERE ctid = ANY (ARRAY(SELECT ctid FROM due WHERE tenant_id = $1 LIMIT $2)) AND tenant_id = $1
    RETURNING message_id),
held AS (
    DELETE FROM held_messages WHERE ctid = ANY (ARRAY(SELECT ctid FROM held_messages WHERE tenant_id = $1 LIMIT $2)) AND tenant_id = $1
    RETURNING message_id)
SELECT message_id FROM due_now UNION SELECT message_id FROM held";

/// Takes messages from among what waits, to be cancelled.
pub async fn take_waiting(tx: &TenantTx, rows: i64) -> Result<Vec<MessageId>, StoreError> {
    let rows = tx.rows(WAITING, params![tx.tenant().0 => UUID, rows => INT8]).await?;
    Ok(rows.iter().map(|row| MessageId(row.get("message_id"))).collect())
}

const BATCHES: &str = "-- tenant::batches
DELETE FROM batches WHERE tenant_id = $1";

/// Forgets when something would have been due.
pub async fn erase_batches(tx: &TenantTx) -> Result<(), StoreError> {
    tx.run(BATCHES, params![tx.tenant().0 => UUID]).await.map(drop)
}

// A message has a recipient in any case; this one is no user id of Meta's.
const MESSAGES: &str = "-- tenant::erase_messages
WITH part AS MATERIALIZED (
    SELECT message_id FROM messages WHERE tenant_id = $1 AND message_id > $2 ORDER BY message_id LIMIT $3 FOR NO KEY UPDATE),
gone AS (
    UPDATE messages m SET to_phone = NULL, to_bsuid = 'erased', variables = '{}', error_text = NULL,
           body = CASE WHEN body IS NOT NULL THEN '{\"text\": \"\"}'::jsonb END
      FROM part p WHERE m.tenant_id = $1 AND m.message_id = p.message_id)
SELECT message_id AS id FROM part ORDER BY message_id";

const CONTACTS: &str = "-- tenant::erase_contacts
WITH part AS MATERIALIZED (
    SELECT contact_id, erased_at IS NULL AS is_new FROM contacts WHERE tenant_id = $1 AND contact_id > $2 ORDER BY contact_id LIMIT $3 FOR NO KEY UPDATE),
gone AS (
    UPDATE contacts c SET phone = NULL, identity = NULL, name = NULL, attributes = '{}', wish_said_at = NULL,
           erased_at = coalesce(erased_at, $4), opted_out_by_wish = false,
           opted_out_at = CASE WHEN opted_out_by_wish THEN $4 ELSE coalesce(opted_out_at, $4) END
      FROM part p WHERE c.tenant_id = $1 AND c.contact_id = p.contact_id)
SELECT contact_id AS id, is_new FROM part ORDER BY contact_id";

const ADDRESSES: &str = "-- tenant::erase_addresses
DELETE FROM contact_addresses WHERE tenant_id = $1 AND contact_id = ANY ($2)";

/// Removes everyone from the next messages after the last; returns the ids of these, in order.
pub async fn erase_messages(tx: &TenantTx, after: Option<Uuid>, rows: i64) -> Result<Vec<Uuid>, StoreError> {
    let after = after.unwrap_or(Uuid::nil());
    let values = params![tx.tenant().0 => UUID, after => UUID, rows => INT8];
    let rows = tx.rows_by_index(MESSAGES, values).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect())
}

/// Removes everyone from the next contacts after the last, with their addresses; returns the ids of these, in order.
pub async fn erase_contacts(tx: &TenantTx, after: Option<Uuid>, rows: i64) -> Result<Vec<Uuid>, StoreError> {
    let after = after.unwrap_or(Uuid::nil());
    let values = params![tx.tenant().0 => UUID, after => UUID, rows => INT8, tx.now() => TIMESTAMPTZ];
    let rows = tx.rows_by_index(CONTACTS, values).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get("id")).collect();
    tx.run(ADDRESSES, params![tx.tenant().0 => UUID, ids => UUID_ARRAY]).await?;
    let new = rows.iter().filter(|row| row.get("is_new")).count();
    usage::give_back_many(tx, Quantity::Contacts, u64::try_from(new).unwrap_or(u64::MAX)).await?;
    Ok(ids)
}

// Meta's id goes too, so that no notice of Meta's brings back what was in it.
const TEMPLATES: &str = "-- tenant::erase_templates
WITH old AS MATERIALIZED (SELECT template_id, status FROM templates WHERE tenant_id = $1 FOR NO KEY UPDATE)
UPDATE templates t SET name = 'erased_' || replace(t.template_id::text, '-', ''), body = '', variables = '{}', status = 'DELETED',
       meta_template_id = NULL, reason = NULL, content_at_meta = NULL, check_at = NULL, submitted_at = NULL, is_doubted = false
  FROM old WHERE t.tenant_id = $1 AND t.template_id = old.template_id
RETURNING old.status <> 'DELETED' AS is_new";

/// Removes the texts of all templates: a plan allows some thousands.
pub async fn erase_templates(tx: &TenantTx) -> Result<(), StoreError> {
    let rows = tx.rows(TEMPLATES, params![tx.tenant().0 => UUID]).await?;
    let new = rows.iter().filter(|row| row.get("is_new")).count();
    usage::give_back_many(tx, Quantity::Templates, u64::try_from(new).unwrap_or(u64::MAX)).await
}

const PARKED: &str = "-- tenant::parked_updates
DELETE FROM parked_updates WHERE ctid = ANY (ARRAY(SELECT ctid FROM parked_updates WHERE tenant_id = $1 LIMIT $2))
   AND tenant_id = $1";

// These updates have no tenant and no index: they are few, and an erasure is rare. Each names the number or the account that it
// came to.
const UNHANDLED: &str = "-- tenant::unhandled_updates
DELETE FROM kept_updates k
 WHERE EXISTS (SELECT FROM phone_numbers n WHERE n.tenant_id = $1 AND strpos(k.raw::text, '\"' || n.phone_number_id || '\"') > 0)
    OR EXISTS (SELECT FROM whatsapp_accounts a WHERE a.tenant_id = $1 AND strpos(k.raw::text, '\"' || a.waba_id || '\"') > 0)";

/// Deletes parked updates, some at a time, and then what nothing handled; returns whether that was all.
pub async fn erase_updates(tx: &TenantTx, rows: i64) -> Result<bool, StoreError> {
    if tx.run(PARKED, params![tx.tenant().0 => UUID, rows => INT8]).await? >= rows.unsigned_abs() {
        return Ok(false);
    }
    tx.run(UNHANDLED, params![tx.tenant().0 => UUID]).await?;
    Ok(true)
}

const ACCOUNTS: &str = "-- tenant::disconnect_accounts
UPDATE whatsapp_accounts SET token_sealed = '', token_key_id = '', paused_reason = 'the account was erased', disconnected_at = $2
 WHERE tenant_id = $1 AND disconnected_at IS NULL";

const NUMBERS: &str = "-- tenant::disconnect_numbers
UPDATE phone_numbers SET display_phone_number = '', disconnected_at = $2
 WHERE tenant_id = $1 AND disconnected_at IS NULL";

const IDENTITY: &str = "-- tenant::erase_identity
UPDATE tenants SET slug = 'erased-' || replace(tenant_id::text, '-', ''), name = 'Erased' WHERE tenant_id = $1";

/// Disconnects accounts and numbers without asking Meta, whose late webhooks are still wanted, and removes the tenant's names.
pub async fn erase_identity(tx: &TenantTx) -> Result<(), StoreError> {
    let at = params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ];
    tx.run(ACCOUNTS, at).await?;
    let numbers = tx.run(NUMBERS, at).await?;
    tx.run_one(IDENTITY, params![tx.tenant().0 => UUID]).await?;
    usage::give_back_many(tx, Quantity::PhoneNumbers, numbers).await
}

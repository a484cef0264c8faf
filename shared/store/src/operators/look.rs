//! One message and one tenant with everything that an operator asks about, and nothing personal.

use domain::messages::DispatchState;
use domain::{AttemptId, MessageId, Money, PhoneNumberId, TenantId, WabaId};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};
use crate::messages::state_of;

pub(crate) const STATEMENTS: &[&str] =
    &[TENANT, MESSAGE, BY_WAMID, ACCOUNTS, NUMBERS, COUNTS, STATES, ATTEMPTS, ENTRIES];

const TENANT: &str = "-- look::tenant
SELECT tenant_id FROM tenants WHERE slug = $1 OR tenant_id = $2";

/// The tenant of this slug or id.
pub async fn tenant(tx: &SystemTx, slug_or_id: &str) -> Result<Option<TenantId>, StoreError> {
    let id: Option<Uuid> = slug_or_id.parse().ok();
    let row = tx.row(TENANT, params![slug_or_id => TEXT, id => UUID]).await?;
    Ok(row.map(|row| TenantId(row.get("tenant_id"))))
}

// The keys of both tables begin with the tenant: one look for each tenant, and none through the whole table.
const MESSAGE: &str = "-- look::message
SELECT t.tenant_id FROM tenants t
 WHERE EXISTS (SELECT FROM messages m WHERE m.tenant_id = t.tenant_id AND m.message_id = $1)";

const BY_WAMID: &str = "-- look::by_wamid
SELECT t.tenant_id, w.message_id FROM tenants t
 CROSS JOIN LATERAL (SELECT message_id FROM wamids w WHERE w.tenant_id = t.tenant_id AND w.wamid = $1) AS w";

/// The message of this id, ours or Meta's, and its tenant.
pub async fn message(tx: &SystemTx, id: &str) -> Result<Option<(TenantId, MessageId)>, StoreError> {
    if let Ok(id) = id.parse::<MessageId>() {
        let row = tx.row(MESSAGE, params![id.0 => UUID]).await?;
        return Ok(row.map(|row| (TenantId(row.get("tenant_id")), id)));
    }
    let row = tx.row(BY_WAMID, params![id => TEXT]).await?;
    Ok(row.map(|row| (TenantId(row.get("tenant_id")), MessageId(row.get("message_id")))))
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub waba_id: WabaId,
    pub connected_at: Timestamp,
    pub paused_reason: Option<String>,
}

const ACCOUNTS: &str = "-- look::accounts
SELECT waba_id, connected_at, paused_reason FROM whatsapp_accounts WHERE tenant_id = $1 ORDER BY connected_at, waba_id";

/// A tenant's accounts, without their tokens.
pub async fn accounts(tx: &TenantTx) -> Result<Vec<Account>, StoreError> {
    let rows = tx.rows(ACCOUNTS, params![tx.tenant().0 => UUID]).await?;
    Ok(rows
        .iter()
        .map(|row| Account {
            waba_id: WabaId(row.get("waba_id")),
            connected_at: row.get("connected_at"),
            paused_reason: row.get("paused_reason"),
        })
        .collect())
}

/// A number, and whether a dispatcher works on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberState {
    pub phone_number_id: PhoneNumberId,
    pub messages_per_second: i32,
    /// It, its account or its tenant is on hold.
    pub is_held: bool,
    /// A dispatcher works on it until then at the latest.
    pub lease_until: Option<Timestamp>,
    /// When Meta last reported a status of one of its messages.
    pub heard_at: Option<Timestamp>,
    /// Messages whose time has come, counted up to [`COUNTED_MAX`].
    pub overdue: i64,
    /// Messages that wait for their time, counted up to [`COUNTED_MAX`].
    pub scheduled: i64,
}

/// More messages than this are counted as this many.
pub const COUNTED_MAX: i64 = 100_000;

const NUMBERS: &str = "-- look::numbers
SELECT n.phone_number_id, n.messages_per_second, is_stopped(n.tenant_id, n.phone_number_id) AS is_held, l.lease_until, l.heard_at,
       (SELECT count(*) FROM (SELECT FROM due d WHERE d.tenant_id = $1 AND d.phone_number_id = n.phone_number_id AND d.due_at <= $2
                               LIMIT $3) AS overdue) AS overdue,
       (SELECT count(*) FROM (SELECT FROM due d WHERE d.tenant_id = $1 AND d.phone_number_id = n.phone_number_id AND d.due_at > $2
                               LIMIT $3) AS scheduled) AS scheduled
  FROM phone_numbers n LEFT JOIN sender_leases l USING (tenant_id, phone_number_id)
 WHERE n.tenant_id = $1 ORDER BY n.created_at, n.phone_number_id";

pub async fn numbers(tx: &TenantTx) -> Result<Vec<NumberState>, StoreError> {
    let values = params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ, COUNTED_MAX => INT8];
    let rows = tx.rows(NUMBERS, values).await?;
    Ok(rows
        .iter()
        .map(|row| NumberState {
            phone_number_id: PhoneNumberId(row.get("phone_number_id")),
            messages_per_second: row.get("messages_per_second"),
            is_held: row.get("is_held"),
            lease_until: row.get("lease_until"),
            heard_at: row.get("heard_at"),
            overdue: row.get("overdue"),
            scheduled: row.get("scheduled"),
        })
        .collect())
}

/// How much of everything a tenant has that is not at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    pub balance: Money,
    /// Money that only campaigns may spend.
    pub reserved: Money,
    pub users: i64,
    /// Refunds that are promised and not paid.
    pub open_refunds: i64,
    /// Messages of which it is not known whether Meta took them.
    pub unknown_messages: i64,
    /// Statuses whose message is not known.
    pub parked_updates: i64,
    /// Messages that wait under a hold of their template, campaign or contact.
    pub held_messages: i64,
}

const COUNTS: &str = "-- look::counts
SELECT w.balance, w.reserved,
       (SELECT count(*) FROM users WHERE tenant_id = $1) AS users,
       (SELECT count(*) FROM refund_promises WHERE tenant_id = $1) AS open_refunds,
       (SELECT count(*) FROM unknowns WHERE tenant_id = $1) AS unknown_messages,
       (SELECT count(*) FROM parked_updates WHERE tenant_id = $1) AS parked_updates,
       (SELECT count(*) FROM held_messages WHERE tenant_id = $1) AS held_messages
  FROM wallets w WHERE w.tenant_id = $1";

pub async fn counts(tx: &TenantTx) -> Result<Counts, StoreError> {
    let row = tx.row(COUNTS, params![tx.tenant().0 => UUID]).await?;
    Ok(row.map_or_else(Counts::default, |row| Counts {
        balance: Money::from_micros(row.get("balance")),
        reserved: Money::from_micros(row.get("reserved")),
        users: row.get("users"),
        open_refunds: row.get("open_refunds"),
        unknown_messages: row.get("unknown_messages"),
        parked_updates: row.get("parked_updates"),
        held_messages: row.get("held_messages"),
    }))
}

// Ids are ordered by the time of acceptance.
const STATES: &str = "-- look::states
SELECT dispatch_state, count(*) AS messages FROM messages
 WHERE tenant_id = $1 AND message_id >= $2 GROUP BY dispatch_state ORDER BY dispatch_state";

/// How many of the tenant's messages that were accepted since then are in each state.
pub async fn states(tx: &TenantTx, since: Timestamp) -> Result<Vec<(DispatchState, i64)>, StoreError> {
    let first = MessageId::first_of(since);
    let rows = tx.rows(STATES, params![tx.tenant().0 => UUID, first.0 => UUID]).await?;
    rows.iter().map(|row| Ok((state_of(row)?, row.get("messages")))).collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// What Meta got as `biz_opaque_callback_data`.
    pub attempt_id: AttemptId,
    pub started_at: Timestamp,
}

// Attempts have no index by message; the message names its last one.
const ATTEMPTS: &str = "-- look::attempts
SELECT a.attempt_id, a.started_at FROM messages m JOIN attempts a ON a.tenant_id = $1 AND a.attempt_id = m.attempt_id
 WHERE m.tenant_id = $1 AND m.message_id = $2";

/// The last attempt to send a message, if there was one.
pub async fn last_attempt(tx: &TenantTx, message: MessageId) -> Result<Option<Attempt>, StoreError> {
    let row = tx.row(ATTEMPTS, params![tx.tenant().0 => UUID, message.0 => UUID]).await?;
    Ok(row.map(|row| Attempt {
        attempt_id: AttemptId(row.get("attempt_id")),
        started_at: row.get("started_at"),
    }))
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryOfMessage {
    pub seq: i64,
    pub kind: String,
    pub amount: Money,
    pub balance_after: Money,
    pub recorded_at: Timestamp,
}

const ENTRIES: &str = "-- look::entries
WITH debit AS (
    SELECT seq, kind, amount, balance_after, recorded_at FROM ledger WHERE tenant_id = $1 AND message_id = $2 AND kind = 'DEBIT')
SELECT * FROM debit
 UNION ALL
SELECT r.seq, r.kind, r.amount, r.balance_after, r.recorded_at
  FROM debit d JOIN ledger r ON r.tenant_id = $1 AND r.debit_seq = d.seq AND r.kind = 'REFUND'
 ORDER BY seq";

/// The debit of a message, and its refund.
pub async fn entries(tx: &TenantTx, message: MessageId) -> Result<Vec<EntryOfMessage>, StoreError> {
    let rows = tx.rows(ENTRIES, params![tx.tenant().0 => UUID, message.0 => UUID]).await?;
    Ok(rows
        .iter()
        .map(|row| EntryOfMessage {
            seq: row.get("seq"),
            kind: row.get("kind"),
            amount: Money::from_micros(row.get("amount")),
            balance_after: Money::from_micros(row.get("balance_after")),
            recorded_at: row.get("recorded_at"),
        })
        .collect())
}

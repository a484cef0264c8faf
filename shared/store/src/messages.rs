//! Messages as their tenant knows them: accepted, withdrawn, looked at.

use domain::messages::{Content, DeliveryStatus, DispatchState, Lane, Recipient, Source, StatusSet};
use domain::{Batch, ContactId, MessageId, Money, PhoneNumber, PhoneNumberId, TemplateId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// A message that is about to be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    pub message_id: MessageId,
    pub contact_id: ContactId,
    pub content: Content,
    pub phone_number_id: PhoneNumberId,
    pub to: Recipient,
    /// Meta's pricing market of the recipient at `due_at`.
    pub market: &'static str,
    pub source: Source,
    pub due_at: Timestamp,
    /// It is not sent later than this.
    pub not_after: Option<Timestamp>,
}

/// A message as its tenant sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub message_id: MessageId,
    pub contact_id: ContactId,
    /// What.
    /// Absent for free text.
    pub template_id: Option<TemplateId>,
    /// The number it goes to.
    pub to: Recipient,
    /// When it is due.
    pub due_at: Timestamp,
    /// When we took it.
    pub accepted_at: Timestamp,
    /// When something about it last changed.
    pub updated_at: Timestamp,
    pub state: DispatchState,
    pub statuses: StatusSet,
    /// It was taken back before it was sent.
    pub is_withdrawn: bool,
    /// What it cost, once debited.
    pub price: Option<Money>,
    /// What was given back.
    pub refund: Option<Money>,
    pub wamid: Option<String>,
    pub error_code: Option<i32>,
    /// Meta's words.
    pub error_text: Option<String>,
}

/// One status of a message's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusEntry {
    pub status: DeliveryStatus,
    /// When it happened, by Meta's clock.
    pub occurred_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub error_code: Option<i32>,
    /// Meta's words.
    pub error_text: Option<String>,
}

pub(crate) const STATEMENTS: &[&str] = &[ACCEPT, REMOVE_WAITING, FIND, LIST, HISTORY, PRICING];

const ACCEPT: &str = "-- messages::accept
WITH message AS (
    INSERT INTO messages (tenant_id, message_id, contact_id, template_id, phone_number_id, to_phone, market, category,
                          variables, due_at, accepted_at, dispatch_state, updated_at, traceparent, kind, body, to_bsuid,
                          source, source_id, not_after)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'PENDING', $11, $14, $15, $16, $17, $18, $19, $20)),
waiting AS (
    INSERT INTO due (tenant_id, phone_number_id, priority, due_at, message_id) VALUES ($1, $5, $12, $10, $2))
INSERT INTO batches (tenant_id, minute) VALUES ($1, $13) ON CONFLICT DO NOTHING";

/// Accepts a message: its row, its place among what is due, and its batch. Returns whether the batch is new, so that its
/// schedule has to be made.
pub async fn accept(tx: &TenantTx, message: &NewMessage) -> Result<bool, StoreError> {
    let batch = Batch::of(tx.tenant(), message.due_at);
    let none: &[String] = &[];
    let (kind, template, variables, body) = match &message.content {
        Content::Template { template_id, variables, .. } => {
            ("TEMPLATE", Some(template_id.0), variables.as_slice(), None)
        }
        Content::Text(text) => ("FREE_FORM", None, none, Some(serde_json::json!({ "text": text }))),
    };
    let (phone, user_id) = match &message.to {
        Recipient::Phone(phone) => (Some(phone.as_str()), None),
        Recipient::UserId(id) => (None, Some(id.as_str())),
    };
    let (category, (source, source_id)) = (message.content.category(), message.source.parts());
    let values = params![
        tx.tenant().0 => UUID, message.message_id.0 => UUID, message.contact_id.0 => UUID, template => UUID,
        message.phone_number_id.0 => TEXT, phone => TEXT, message.market => TEXT, category => TEXT,
        variables => TEXT_ARRAY, message.due_at => TIMESTAMPTZ, tx.now() => TIMESTAMPTZ,
        Lane::of(category, source).priority() => INT2, batch.minute => TIMESTAMPTZ, tx.trace() => TEXT, kind => TEXT,
        body => JSONB, user_id => TEXT, source => TEXT, source_id => UUID, message.not_after => TIMESTAMPTZ,
    ];
    Ok(tx.run(ACCEPT, values).await? == 1)
}

const REMOVE_WAITING: &str = "-- messages::remove_waiting
WITH held AS (
    DELETE FROM held_messages WHERE tenant_id = $1 AND message_id = $2)
DELETE FROM due d USING messages m
 WHERE m.tenant_id = $1 AND m.message_id = $2
   AND d.tenant_id = $1 AND d.phone_number_id = m.phone_number_id AND d.due_at = m.due_at AND d.message_id = m.message_id
   AND d.priority = ANY ('{0, 1, 2}')";

/// Takes a message from among what is due, or held. One that waits for another attempt is due at another time and stays: the
/// claim that meets it finds that it must not be sent.
pub async fn remove_waiting(tx: &TenantTx, message: MessageId) -> Result<(), StoreError> {
    tx.run(REMOVE_WAITING, params![tx.tenant().0 => UUID, message.0 => UUID]).await.map(drop)
}

const FIND: &str = "-- messages::find
SELECT m.message_id, m.contact_id, m.template_id, m.to_phone, m.to_bsuid, m.due_at, m.accepted_at, m.updated_at, m.dispatch_state,
       m.evidence, m.is_withdrawn, m.price, m.wamid, m.error_code, m.error_text,
       (SELECT r.amount FROM ledger d JOIN ledger r ON r.tenant_id = d.tenant_id AND r.debit_seq = d.seq AND r.kind = 'REFUND'
         WHERE d.tenant_id = m.tenant_id AND d.message_id = m.message_id AND d.kind = 'DEBIT') AS refund
  FROM messages m WHERE m.tenant_id = $1 AND m.message_id = $2";

/// A message of the tenant.
pub async fn find(tx: &TenantTx, message: MessageId) -> Result<Option<Message>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, message.0 => UUID]).await?;
    row.as_ref().map(from_row).transpose()
}

const LIST: &str = "-- messages::list
SELECT m.message_id, m.contact_id, m.template_id, m.to_phone, m.to_bsuid, m.due_at, m.accepted_at, m.updated_at, m.dispatch_state,
       m.evidence, m.is_withdrawn, m.price, m.wamid, m.error_code, m.error_text,
       (SELECT r.amount FROM ledger d JOIN ledger r ON r.tenant_id = d.tenant_id AND r.debit_seq = d.seq AND r.kind = 'REFUND'
         WHERE d.tenant_id = m.tenant_id AND d.message_id = m.message_id AND d.kind = 'DEBIT') AS refund
  FROM messages m WHERE m.tenant_id = $1 AND m.message_id < $2 ORDER BY m.tenant_id DESC, m.message_id DESC LIMIT $3";

/// Messages older than `before`, newest first.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<Message>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    rows.iter().map(from_row).collect()
}

const HISTORY: &str = "-- messages::history
SELECT status, occurred_at, received_at, error_code, error_text FROM statuses
 WHERE tenant_id = $1 AND message_id = $2 ORDER BY received_at, status";

/// Every status that was received for a message.
pub async fn history(tx: &TenantTx, message: MessageId) -> Result<Vec<StatusEntry>, StoreError> {
    let rows = tx.rows(HISTORY, params![tx.tenant().0 => UUID, message.0 => UUID]).await?;
    rows.iter()
        .map(|row| {
            Ok(StatusEntry {
                status: status_of(row.get("status"))?,
                occurred_at: row.get("occurred_at"),
                received_at: row.get("received_at"),
                error_code: row.get("error_code"),
                error_text: row.get("error_text"),
            })
        })
        .collect()
}

/// How the price of a message came about, in the claim that debited it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pricing {
    pub market: String,
    /// Of its template at that time, or `SERVICE`.
    pub category: String,
    pub rate: Money,
    pub margin_bps: i32,
    pub total: Money,
    pub card_name: String,
    pub card_source: String,
    pub card_effective_from: Timestamp,
}

const PRICING: &str = "-- messages::pricing
SELECT m.market, m.priced_category, m.rate_price, m.margin_bps, m.price, c.name, c.source, c.effective_from
  FROM messages m JOIN rate_card_headers c ON c.card_id = m.rate_card_id
 WHERE m.tenant_id = $1 AND m.message_id = $2 AND m.price IS NOT NULL";

/// How a message was priced; `None` before that, and for one that an older version priced.
pub async fn pricing(tx: &TenantTx, message: MessageId) -> Result<Option<Pricing>, StoreError> {
    let row = tx.row(PRICING, params![tx.tenant().0 => UUID, message.0 => UUID]).await?;
    Ok(row.map(|row| Pricing {
        market: row.get("market"),
        category: row.get("priced_category"),
        rate: Money::from_micros(row.get("rate_price")),
        margin_bps: row.get("margin_bps"),
        total: Money::from_micros(row.get("price")),
        card_name: row.get("name"),
        card_source: row.get("source"),
        card_effective_from: row.get("effective_from"),
    }))
}

fn status_of(bit: i16) -> Result<DeliveryStatus, StoreError> {
    DeliveryStatus::ALL
        .into_iter()
        .find(|status| status.bit() == bit)
        .ok_or_else(|| StoreError::Inconsistent { table: "statuses", what: format!("status {bit}") })
}

pub(crate) fn recipient_of(row: &Row) -> Result<Recipient, StoreError> {
    let phone = row.get::<_, Option<String>>("to_phone").map(PhoneNumber::from_stored).map(Recipient::Phone);
    let recipient = phone.or_else(|| row.get::<_, Option<String>>("to_bsuid").map(Recipient::UserId));
    recipient.ok_or_else(|| StoreError::Inconsistent { table: "messages", what: "no recipient".to_owned() })
}

pub(crate) fn state_of(row: &Row) -> Result<DispatchState, StoreError> {
    let word: &str = row.get("dispatch_state");
    word.parse()
        .map_err(|error| StoreError::Inconsistent { table: "messages", what: format!("{word} {error}") })
}

fn from_row(row: &Row) -> Result<Message, StoreError> {
    Ok(Message {
        message_id: MessageId(row.get("message_id")),
        contact_id: ContactId(row.get("contact_id")),
        template_id: row.get::<_, Option<Uuid>>("template_id").map(TemplateId),
        to: recipient_of(row)?,
        due_at: row.get("due_at"),
        accepted_at: row.get("accepted_at"),
        updated_at: row.get("updated_at"),
        state: state_of(row)?,
        statuses: StatusSet::from_bits(row.get("evidence")),
        is_withdrawn: row.get("is_withdrawn"),
        price: row.get::<_, Option<i64>>("price").map(Money::from_micros),
        refund: row.get::<_, Option<i64>>("refund").map(Money::from_micros),
        wamid: row.get("wamid"),
        error_code: row.get("error_code"),
        error_text: row.get("error_text"),
    })
}

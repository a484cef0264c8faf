//! Messages under their locks, and what the dispatch machine decided about them.

use domain::billing::RefundReason;
use domain::messages::{Lane, LockedMessage, StatusSet, Transition};
use domain::updates::MetaPricing;
use domain::{AttemptId, Batch, ClaimId, ContactId, MessageId, PhoneNumberId, Wamid};
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params, uuids};
use crate::messages::state_of;

pub(crate) const STATEMENTS: &[&str] = &[LOCK, APPLY, REQUEUE, NAME, NOTE_UNKNOWN, FORGET_UNKNOWN];

const LOCK: &str = "-- states::lock
SELECT message_id, contact_id, dispatch_state, attempt, attempt_id, claim_id, evidence, refund_due, phone_number_id, category, source, meta_rank
  FROM messages WHERE tenant_id = $1 AND message_id = ANY ($2) ORDER BY message_id FOR NO KEY UPDATE";

/// Reads messages under their locks, taken in the order of their ids so that two of us never wait crosswise.
pub async fn lock(tx: &TenantTx, messages: &[MessageId]) -> Result<Vec<LockedMessage>, StoreError> {
    let rows = tx.rows(LOCK, params![tx.tenant().0 => UUID, uuids(messages) => UUID_ARRAY]).await?;
    rows.iter()
        .map(|row| {
            Ok(LockedMessage {
                message_id: MessageId(row.get("message_id")),
                contact_id: ContactId(row.get("contact_id")),
                state: state_of(row)?,
                attempt: row.get("attempt"),
                attempt_id: row.get::<_, Option<Uuid>>("attempt_id").map(AttemptId),
                claim_id: row.get::<_, Option<Uuid>>("claim_id").map(ClaimId),
                statuses: StatusSet::from_bits(row.get("evidence")),
                refund_due: row.get("refund_due"),
                number: PhoneNumberId(row.get("phone_number_id")),
                lane: Lane::of(row.get("category"), row.get("source")),
                pricing_rank: row.get("meta_rank"),
            })
        })
        .collect()
}

const APPLY: &str = "-- states::apply
UPDATE messages m
   SET dispatch_state = u.state, evidence = u.evidence, refund_due = u.refund_due, claim_id = NULL,
       wamid = coalesce(m.wamid, u.wamid), error_code = coalesce(u.error_code, m.error_code),
       error_text = coalesce(u.error_text, m.error_text), is_withdrawn = m.is_withdrawn OR u.is_withdrawn,
       updated_at = greatest(m.updated_at, $10),
       meta_billable = CASE WHEN u.meta_rank > m.meta_rank THEN u.meta_billable ELSE m.meta_billable END,
       meta_model = CASE WHEN u.meta_rank > m.meta_rank THEN u.meta_model ELSE m.meta_model END,
       meta_type = CASE WHEN u.meta_rank > m.meta_rank THEN u.meta_type ELSE m.meta_type END,
       meta_category = CASE WHEN u.meta_rank > m.meta_rank THEN u.meta_category ELSE m.meta_category END,
       meta_rank = u.meta_rank
  FROM unnest($2::uuid[], $3::text[], $4::int2[], $5::bool[], $6::text[], $7::int4[], $8::text[], $9::bool[],
              $11::bool[], $12::text[], $13::text[], $14::text[], $15::int2[])
       AS u (message_id, state, evidence, refund_due, wamid, error_code, error_text, is_withdrawn,
             meta_billable, meta_model, meta_type, meta_category, meta_rank)
 WHERE m.tenant_id = $1 AND m.message_id = u.message_id";

/// Writes what was decided about messages that [`lock`] read, and lets go of them. What is written about a message carries
/// the time of the act or, when the message was changed later than that, the time of that change: the lock decides the
/// order, and no time contradicts it.
pub async fn apply(tx: &TenantTx, transitions: &[&Transition]) -> Result<(), StoreError> {
    if transitions.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = transitions.iter().map(|to| to.message.message_id.0).collect();
    let states: Vec<&str> = transitions.iter().map(|to| to.message.state.as_str()).collect();
    let statuses: Vec<i16> = transitions.iter().map(|to| to.message.statuses.bits()).collect();
    let refunds: Vec<bool> = transitions.iter().map(|to| to.message.refund_due).collect();
    let wamids: Vec<Option<&str>> =
        transitions.iter().map(|to| to.wamid.as_ref().map(|id| id.0.as_str())).collect();
    let codes: Vec<Option<i32>> =
        transitions.iter().map(|to| to.error.as_ref().map(|error| error.code)).collect();
    let texts: Vec<Option<&str>> =
        transitions.iter().map(|to| to.error.as_ref().map(|error| error.text.as_str())).collect();
    let withdrawn: Vec<bool> =
        transitions.iter().map(|to| to.refund == Some(RefundReason::Withdrawn)).collect();
    let pricing = PricingColumns::of(transitions);
    let values = params![
        tx.tenant().0 => UUID, ids => UUID_ARRAY, states => TEXT_ARRAY, statuses => INT2_ARRAY, refunds => BOOL_ARRAY,
        wamids => TEXT_ARRAY, codes => INT4_ARRAY, texts => TEXT_ARRAY, withdrawn => BOOL_ARRAY, tx.now() => TIMESTAMPTZ,
        pricing.billable => BOOL_ARRAY, pricing.model => TEXT_ARRAY, pricing.kind => TEXT_ARRAY,
        pricing.category => TEXT_ARRAY, pricing.rank => INT2_ARRAY,
    ];
    let touched = tx.run(APPLY, values).await?;
    if usize::try_from(touched).is_ok_and(|touched| touched == transitions.len()) {
        return Ok(());
    }
    Err(StoreError::Inconsistent {
        table: "messages",
        what: format!("{touched} of {} transitions were written", transitions.len()),
    })
}

/// What Meta charges for the messages of some transitions: nothing but the rank where nothing new was said.
struct PricingColumns<'a> {
    billable: Vec<Option<bool>>,
    model: Vec<Option<&'a str>>,
    kind: Vec<Option<&'a str>>,
    category: Vec<Option<&'a str>>,
    rank: Vec<i16>,
}

impl<'a> PricingColumns<'a> {
    fn of(transitions: &[&'a Transition]) -> Self {
        let each = |word: fn(&MetaPricing) -> Option<&String>| {
            let words = transitions.iter().map(|to| to.pricing.as_ref().and_then(word).map(String::as_str));
            words.collect()
        };
        Self {
            billable: transitions
                .iter()
                .map(|to| to.pricing.as_ref().and_then(|said| said.billable))
                .collect(),
            model: each(|said| said.model.as_ref()),
            kind: each(|said| said.kind.as_ref()),
            category: each(|said| said.category.as_ref()),
            rank: transitions.iter().map(|to| to.message.pricing_rank).collect(),
        }
    }
}

const REQUEUE: &str = "-- states::requeue
WITH again AS (
    INSERT INTO due (tenant_id, phone_number_id, priority, due_at, message_id)
    SELECT $1, u.phone_number_id, u.priority, u.due_at, u.message_id
      FROM unnest($2::text[], $3::int2[], $4::timestamptz[], $5::uuid[]) AS u (phone_number_id, priority, due_at, message_id))
INSERT INTO batches (tenant_id, minute) SELECT DISTINCT $1::uuid, m FROM unnest($6::timestamptz[]) AS m ORDER BY m ON CONFLICT DO NOTHING";

/// Lets messages that certainly did not leave wait for another attempt.
pub async fn requeue(tx: &TenantTx, again: &[(&LockedMessage, Timestamp)]) -> Result<(), StoreError> {
    if again.is_empty() {
        return Ok(());
    }
    let numbers: Vec<&str> = again.iter().map(|(message, _)| message.number.0.as_str()).collect();
    let priorities: Vec<i16> = again.iter().map(|(message, _)| message.lane.priority()).collect();
    let times: Vec<Timestamp> = again.iter().map(|(_, at)| *at).collect();
    let ids: Vec<Uuid> = again.iter().map(|(message, _)| message.message_id.0).collect();
    let minutes: Vec<Timestamp> = again.iter().map(|(_, at)| Batch::of(tx.tenant(), *at).minute).collect();
    let values = params![
        tx.tenant().0 => UUID, numbers => TEXT_ARRAY, priorities => INT2_ARRAY, times => TIMESTAMPTZ_ARRAY, ids => UUID_ARRAY,
        minutes => TIMESTAMPTZ_ARRAY,
    ];
    tx.run(REQUEUE, values).await.map(drop)
}

const NAME: &str = "-- states::name
INSERT INTO wamids (tenant_id, wamid, message_id)
SELECT $1, u.wamid, u.message_id FROM unnest($2::text[], $3::uuid[]) AS u (wamid, message_id) ORDER BY u.wamid
    ON CONFLICT DO NOTHING";

/// Remembers which message Meta's ids name. An id that was given twice stays with its first message.
pub async fn name(tx: &TenantTx, named: &[(Wamid, MessageId)]) -> Result<(), StoreError> {
    if named.is_empty() {
        return Ok(());
    }
    let wamids: Vec<&str> = named.iter().map(|(wamid, _)| wamid.0.as_str()).collect();
    let ids: Vec<Uuid> = named.iter().map(|(_, message)| message.0).collect();
    tx.run(NAME, params![tx.tenant().0 => UUID, wamids => TEXT_ARRAY, ids => UUID_ARRAY]).await.map(drop)
}

const NOTE_UNKNOWN: &str = "-- states::note_unknown
INSERT INTO unknowns (tenant_id, message_id, phone_number_id, since)
SELECT $1, u.message_id, u.phone_number_id, greatest($4, m.updated_at)
  FROM unnest($2::uuid[], $3::text[]) AS u (message_id, phone_number_id)
  JOIN messages m ON m.tenant_id = $1 AND m.message_id = u.message_id
 ORDER BY u.message_id
    ON CONFLICT DO NOTHING";

/// Starts the horizon of messages that may or may not have left.
pub async fn note_unknown(tx: &TenantTx, lost: &[&LockedMessage]) -> Result<(), StoreError> {
    if lost.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = lost.iter().map(|message| message.message_id.0).collect();
    let numbers: Vec<&str> = lost.iter().map(|message| message.number.0.as_str()).collect();
    let values =
        params![tx.tenant().0 => UUID, ids => UUID_ARRAY, numbers => TEXT_ARRAY, tx.now() => TIMESTAMPTZ];
    tx.run(NOTE_UNKNOWN, values).await.map(drop)
}

const FORGET_UNKNOWN: &str = "-- states::forget_unknown
DELETE FROM unknowns WHERE tenant_id = $1 AND message_id = ANY ($2)";

/// Ends the horizon of messages whose outcome is known.
pub async fn forget_unknown(tx: &TenantTx, known: &[MessageId]) -> Result<u64, StoreError> {
    if known.is_empty() {
        return Ok(0);
    }
    tx.run(FORGET_UNKNOWN, params![tx.tenant().0 => UUID, uuids(known) => UUID_ARRAY]).await
}

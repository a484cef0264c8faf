//! Delivery statuses from Meta: which message each belongs to, that it was received, and which wait for their message.

use std::collections::HashMap;

use domain::updates::StatusUpdate;
use domain::{AttemptId, MessageId, PhoneNumberId, Wamid};
use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// Which messages attempt ids and wamids belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    by_attempt: HashMap<AttemptId, MessageId>,
    by_wamid: HashMap<Wamid, MessageId>,
}

impl Matches {
    /// The message of an update: by our own attempt id first, which cannot be guessed, then by Meta's id.
    pub fn of(&self, update: &StatusUpdate) -> Option<MessageId> {
        let by_attempt = update.attempt_id.and_then(|attempt| self.by_attempt.get(&attempt));
        by_attempt.or_else(|| self.by_wamid.get(&update.wamid)).copied()
    }
}

pub(crate) const STATEMENTS: &[&str] =
    &[BY_ATTEMPT, BY_WAMID, STORE, PARK, UNPARK, UNPARK_KNOWN, NOTE_WEBHOOK];

const BY_ATTEMPT: &str = "-- statuses::by_attempt
SELECT attempt_id, message_id FROM attempts WHERE tenant_id = $1 AND attempt_id = ANY ($2)";

const BY_WAMID: &str = "-- statuses::by_wamid
SELECT wamid, message_id FROM wamids WHERE tenant_id = $1 AND wamid = ANY ($2)";

/// Finds the messages that updates speak of, as far as they are known.
pub async fn matches(tx: &TenantTx, updates: &[StatusUpdate]) -> Result<Matches, StoreError> {
    let attempts: Vec<Uuid> = updates.iter().filter_map(|update| update.attempt_id).map(|id| id.0).collect();
    let wamids: Vec<&str> = updates.iter().map(|update| update.wamid.0.as_str()).collect();
    let by_attempt = tx.rows(BY_ATTEMPT, params![tx.tenant().0 => UUID, attempts => UUID_ARRAY]).await?;
    let by_wamid = tx.rows(BY_WAMID, params![tx.tenant().0 => UUID, wamids => TEXT_ARRAY]).await?;
    Ok(Matches {
        by_attempt: by_attempt
            .iter()
            .map(|row| (AttemptId(row.get("attempt_id")), MessageId(row.get("message_id"))))
            .collect(),
        by_wamid: by_wamid
            .iter()
            .map(|row| (Wamid(row.get("wamid")), MessageId(row.get("message_id"))))
            .collect(),
    })
}

const STORE: &str = "-- statuses::store
INSERT INTO statuses (tenant_id, message_id, status, occurred_at, received_at, error_code, error_text)
SELECT $1, u.message_id, u.status, u.occurred_at, $7, u.error_code, u.error_text
  FROM unnest($2::uuid[], $3::int2[], $4::timestamptz[], $5::int4[], $6::text[])
       AS u (message_id, status, occurred_at, error_code, error_text)
    ON CONFLICT DO NOTHING";

/// Stores statuses, each (message, status) once: what is there already is left as it was (I19).
pub async fn store(tx: &TenantTx, received: &[(MessageId, &StatusUpdate)]) -> Result<(), StoreError> {
    if received.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = received.iter().map(|(message, _)| message.0).collect();
    let bits: Vec<i16> = received.iter().map(|(_, update)| update.status.bit()).collect();
    let times: Vec<Option<Timestamp>> = received.iter().map(|(_, update)| update.occurred_at).collect();
    let codes: Vec<Option<i32>> =
        received.iter().map(|(_, update)| update.error.as_ref().map(|error| error.code)).collect();
    let texts: Vec<Option<&str>> =
        received.iter().map(|(_, update)| update.error.as_ref().map(|error| error.text.as_str())).collect();
    let values = params![
        tx.tenant().0 => UUID, ids => UUID_ARRAY, bits => INT2_ARRAY, times => TIMESTAMPTZ_ARRAY, codes => INT4_ARRAY,
        texts => TEXT_ARRAY, tx.now() => TIMESTAMPTZ,
    ];
    tx.run(STORE, values).await.map(drop)
}

const PARK: &str = "-- statuses::park
INSERT INTO parked_updates (tenant_id, wamid, status, update, parked_at)
SELECT $1, u.wamid, u.status, u.update, $5
  FROM unnest($2::text[], $3::int2[], $4::jsonb[]) AS u (wamid, status, update) ON CONFLICT DO NOTHING";

/// Puts statuses aside until their message is known; never drops one (I17).
pub async fn park(tx: &TenantTx, updates: &[&StatusUpdate]) -> Result<(), StoreError> {
    if updates.is_empty() {
        return Ok(());
    }
    let wamids: Vec<&str> = updates.iter().map(|update| update.wamid.0.as_str()).collect();
    let bits: Vec<i16> = updates.iter().map(|update| update.status.bit()).collect();
    let bodies = updates
        .iter()
        .map(serde_json::to_value)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| StoreError::Inconsistent { table: "parked_updates", what: error.to_string() })?;
    let values = params![
        tx.tenant().0 => UUID, wamids => TEXT_ARRAY, bits => INT2_ARRAY, bodies => JSONB_ARRAY, tx.now() => TIMESTAMPTZ,
    ];
    tx.run(PARK, values).await.map(drop)
}

const UNPARK: &str = "-- statuses::unpark
DELETE FROM parked_updates WHERE tenant_id = $1 AND wamid = ANY ($2) RETURNING update";

/// Takes back what waited for these ids.
pub async fn unpark(tx: &TenantTx, wamids: &[&str]) -> Result<Vec<StatusUpdate>, StoreError> {
    if wamids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.rows(UNPARK, params![tx.tenant().0 => UUID, wamids => TEXT_ARRAY]).await?;
    rows.iter().map(|row| parked(row.get("update"))).collect()
}

const UNPARK_KNOWN: &str = "-- statuses::unpark_known
DELETE FROM parked_updates p WHERE p.tenant_id = $1 AND (
       EXISTS (SELECT FROM wamids w WHERE w.tenant_id = $1 AND w.wamid = p.wamid)
    OR EXISTS (SELECT FROM attempts a WHERE a.tenant_id = $1 AND a.attempt_id = (p.update ->> 'attemptId')::uuid))
RETURNING update";

/// Takes back what waited for a message that became known beside it: the race between an answer and its status.
pub async fn unpark_known(tx: &TenantTx) -> Result<Vec<StatusUpdate>, StoreError> {
    let rows = tx.rows(UNPARK_KNOWN, params![tx.tenant().0 => UUID]).await?;
    rows.iter().map(|row| parked(row.get("update"))).collect()
}

const NOTE_WEBHOOK: &str = "-- statuses::note_webhook
UPDATE sender_leases SET heard_at = $3
 WHERE tenant_id = $1 AND phone_number_id = $2 AND (heard_at IS NULL OR heard_at < $3::timestamptz - interval '10 seconds')";

/// Notes that webhooks of this number flow; at most every ten seconds, because its dispatchers share the row.
pub async fn note_webhook(tx: &TenantTx, number: &PhoneNumberId) -> Result<u64, StoreError> {
    tx.run(NOTE_WEBHOOK, params![tx.tenant().0 => UUID, number.0 => TEXT, tx.now() => TIMESTAMPTZ]).await
}

fn parked(update: serde_json::Value) -> Result<StatusUpdate, StoreError> {
    serde_json::from_value(update)
        .map_err(|error| StoreError::Inconsistent { table: "parked_updates", what: error.to_string() })
}

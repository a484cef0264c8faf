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

    /// Whether the update says which message a wamid belongs to that was not known before.
    pub fn is_new_wamid_in(&self, update: &StatusUpdate) -> bool {
        self.of(update).is_some() && !self.by_wamid.contains_key(&update.wamid)
    }
}

pub(crate) const STATEMENTS: &[&str] =
    &[BY_ATTEMPT, BY_WAMID, STORE, PARK, UNPARK, HASTEN, DUE_PARKED, TAKE, KEEP_OLD, POSTPONE, NOTE_WEBHOOK];

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
SELECT $1, u.message_id, u.status, u.occurred_at, greatest($7, m.updated_at), u.error_code, u.error_text
  FROM unnest($2::uuid[], $3::int2[], $4::timestamptz[], $5::int4[], $6::text[]) WITH ORDINALITY
       AS u (message_id, status, occurred_at, error_code, error_text, place)
  JOIN messages m ON m.tenant_id = $1 AND m.message_id = u.message_id
 ORDER BY u.message_id, u.status, u.place
    ON CONFLICT DO NOTHING";

/// Stores statuses of locked messages, each (message, status) once: what is there already is left as it was (I19).
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
INSERT INTO parked_updates (tenant_id, wamid, status, update, parked_at, next_look_at)
SELECT $1, u.wamid, u.status, u.update, $5, $5
  FROM unnest($2::text[], $3::int2[], $4::jsonb[]) WITH ORDINALITY AS u (wamid, status, update, place)
 ORDER BY u.wamid, u.status, u.place
    ON CONFLICT DO NOTHING";

/// Puts statuses aside until their message is known; never drops one (I17).
pub async fn park(tx: &TenantTx, updates: &[StatusUpdate]) -> Result<(), StoreError> {
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
DELETE FROM parked_updates p USING (SELECT DISTINCT wamid FROM unnest($2::text[]) AS u (wamid) ORDER BY wamid) AS u
 WHERE p.tenant_id = $1 AND p.wamid = u.wamid
RETURNING p.update";

/// Takes back what waited for these ids. Their messages are locked first.
pub async fn unpark(tx: &TenantTx, wamids: &[&str]) -> Result<Vec<StatusUpdate>, StoreError> {
    if wamids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx.rows(UNPARK, params![tx.tenant().0 => UUID, wamids => TEXT_ARRAY]).await?;
    rows.iter().map(|row| parked(row.get("update"))).collect()
}

const HASTEN: &str = "-- statuses::hasten
WITH waiting AS MATERIALIZED (
    SELECT wamid, status FROM parked_updates WHERE tenant_id = $1 AND wamid = ANY ($2) AND next_look_at > $3
     ORDER BY wamid, status FOR UPDATE)
UPDATE parked_updates p SET next_look_at = $3 FROM waiting w
 WHERE p.tenant_id = $1 AND p.wamid = w.wamid AND p.status = w.status";

/// Lets the next sweep look at what waits for these ids, which have become known.
pub async fn hasten(tx: &TenantTx, wamids: &[&str]) -> Result<(), StoreError> {
    if wamids.is_empty() {
        return Ok(());
    }
    let values = params![tx.tenant().0 => UUID, wamids => TEXT_ARRAY, tx.now() => TIMESTAMPTZ];
    tx.run(HASTEN, values).await.map(drop)
}

const DUE_PARKED: &str = "-- statuses::due_parked
SELECT p.update,
       EXISTS (SELECT FROM wamids w WHERE w.tenant_id = $1 AND w.wamid = p.wamid)
    OR EXISTS (SELECT FROM attempts a WHERE a.tenant_id = $1 AND a.attempt_id = (p.update ->> 'attemptId')::uuid)
       AS is_known
  FROM (SELECT wamid, status, update FROM parked_updates WHERE tenant_id = $1 AND next_look_at <= $2
         ORDER BY next_look_at, wamid, status LIMIT $3) AS p";

/// Parked statuses whose time to be looked at has come. All of them stay parked, because a message is locked before what waits
/// for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueParked {
    /// Their message became known beside them: the race between an answer and its status.
    pub known: Vec<StatusUpdate>,
    pub unknown: Vec<StatusUpdate>,
}

pub async fn due_parked(tx: &TenantTx, limit: i64) -> Result<DueParked, StoreError> {
    let values = params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ, limit => INT8];
    let mut due = DueParked { known: Vec::new(), unknown: Vec::new() };
    for row in tx.rows(DUE_PARKED, values).await? {
        let update = parked(row.get("update"))?;
        if row.get("is_known") { due.known.push(update) } else { due.unknown.push(update) }
    }
    Ok(due)
}

const TAKE: &str = "-- statuses::take
DELETE FROM parked_updates p
 USING (SELECT * FROM unnest($2::text[], $3::int2[]) AS u (wamid, status) ORDER BY wamid, status) AS u
 WHERE p.tenant_id = $1 AND p.wamid = u.wamid AND p.status = u.status
RETURNING p.update";

/// Takes back those of these statuses that are still parked. Their messages are locked first.
pub async fn take(tx: &TenantTx, updates: &[StatusUpdate]) -> Result<Vec<StatusUpdate>, StoreError> {
    if updates.is_empty() {
        return Ok(Vec::new());
    }
    let (wamids, bits) = keys(updates);
    let values = params![tx.tenant().0 => UUID, wamids => TEXT_ARRAY, bits => INT2_ARRAY];
    let rows = tx.rows(TAKE, values).await?;
    rows.iter().map(|row| parked(row.get("update"))).collect()
}

const KEEP_OLD: &str = "-- statuses::keep_old
WITH old AS (
    DELETE FROM parked_updates p
     USING (SELECT * FROM unnest($2::text[], $3::int2[]) AS u (wamid, status) ORDER BY wamid, status) AS u
     WHERE p.tenant_id = $1 AND p.wamid = u.wamid AND p.status = u.status AND p.parked_at <= $6 RETURNING p.update),
kept AS (
    INSERT INTO kept_updates (digest, reason, raw, received_at)
    SELECT sha256(convert_to($4 || update::text, 'UTF8')) AS digest, $4, update, $5 FROM old ORDER BY digest
        ON CONFLICT DO NOTHING)
SELECT count(*) AS kept FROM old";

const POSTPONE: &str = "-- statuses::postpone
UPDATE parked_updates p
   SET next_look_at = $4::timestamptz + least(greatest($4::timestamptz - p.parked_at, interval '1 minute'), interval '6 hours')
  FROM (SELECT * FROM unnest($2::text[], $3::int2[]) AS u (wamid, status) ORDER BY wamid, status) AS u
 WHERE p.tenant_id = $1 AND p.wamid = u.wamid AND p.status = u.status";

/// Puts off statuses whose message is still not known. Those parked at `until` or earlier are stored as unhandled, with
/// `reason`; the number of these is returned. Each of the others is looked at again after the time that it has been parked, so
/// that a status of a message that is not ours is looked at some forty times and not every minute.
pub async fn put_off(
    tx: &TenantTx,
    updates: &[StatusUpdate],
    until: Timestamp,
    reason: &str,
) -> Result<usize, StoreError> {
    if updates.is_empty() {
        return Ok(0);
    }
    let (tenant, now) = (tx.tenant().0, tx.now());
    let (wamids, bits) = keys(updates);
    let values = params![
        tenant => UUID, wamids => TEXT_ARRAY, bits => INT2_ARRAY, reason => TEXT, now => TIMESTAMPTZ,
        until => TIMESTAMPTZ,
    ];
    let kept: i64 = tx.row(KEEP_OLD, values).await?.map_or(0, |row| row.get("kept"));
    let values = params![tenant => UUID, wamids => TEXT_ARRAY, bits => INT2_ARRAY, now => TIMESTAMPTZ];
    tx.run(POSTPONE, values).await?;
    Ok(usize::try_from(kept).unwrap_or_default())
}

fn keys(updates: &[StatusUpdate]) -> (Vec<&str>, Vec<i16>) {
    updates.iter().map(|update| (update.wamid.0.as_str(), update.status.bit())).unzip()
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

//! What a lost queue message or wake-up left undone: these statements find it in the rows.

use domain::{ClaimId, MessageId, TenantId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

/// Rows found by one statement at most; the next sweep finds the rest.
pub const FOUND_MAX: i64 = 5_000;

pub(crate) const STATEMENTS: &[&str] =
    &[OVERDUE, CLOSE_BATCHES, EXPIRED_CLAIMS, HELD_BY, OPEN_PROMISES, PAST_HORIZON, PARKED];

const OVERDUE: &str = "-- sweep::overdue
SELECT b.tenant_id FROM (SELECT DISTINCT tenant_id FROM batches WHERE minute <= $1) AS b
 WHERE EXISTS (
    SELECT FROM phone_numbers n
     CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
     WHERE n.tenant_id = b.tenant_id AND NOT is_stopped(n.tenant_id, n.phone_number_id) AND EXISTS (
        SELECT FROM due d WHERE d.tenant_id = b.tenant_id AND d.phone_number_id = n.phone_number_id
                            AND d.priority = p.priority AND d.due_at <= $1))
 LIMIT $2";

/// Tenants with a batch of this minute or earlier that still has something due (I14): its wake-up was lost.
pub async fn overdue(tx: &SystemTx, until: Timestamp) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(OVERDUE, params![until => TIMESTAMPTZ, FOUND_MAX => INT8]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

const CLOSE_BATCHES: &str = "-- sweep::close_batches
DELETE FROM batches WHERE ctid = ANY (ARRAY(
    SELECT b.ctid FROM batches b WHERE b.minute <= $1 AND NOT EXISTS (
        SELECT FROM phone_numbers n
         CROSS JOIN (VALUES (0::smallint), (1::smallint), (2::smallint)) AS p (priority)
         WHERE n.tenant_id = b.tenant_id AND EXISTS (
            SELECT FROM due d WHERE d.tenant_id = b.tenant_id AND d.phone_number_id = n.phone_number_id
                                AND d.priority = p.priority AND d.due_at <= b.minute))
     LIMIT $2))";

/// Deletes batches with nothing left to send, some at a time. `until` must be long enough ago that no transaction can
/// still add to them: a message always joins a minute that is not over.
pub async fn close_batches(tx: &SystemTx, until: Timestamp) -> Result<u64, StoreError> {
    tx.run(CLOSE_BATCHES, params![until => TIMESTAMPTZ, FOUND_MAX => INT8]).await
}

const EXPIRED_CLAIMS: &str = "-- sweep::expired_claims
SELECT tenant_id, claim_id FROM claims WHERE lease_until < $1 ORDER BY lease_until LIMIT $2";

/// Claims whose dispatcher did not finish in time.
pub async fn expired_claims(tx: &SystemTx) -> Result<Vec<(TenantId, ClaimId)>, StoreError> {
    let rows = tx.rows(EXPIRED_CLAIMS, params![tx.now() => TIMESTAMPTZ, FOUND_MAX => INT8]).await?;
    Ok(rows.iter().map(|row| (TenantId(row.get("tenant_id")), ClaimId(row.get("claim_id")))).collect())
}

const HELD_BY: &str = "-- sweep::held_by
SELECT m.message_id FROM claims c JOIN messages m ON m.tenant_id = $1 AND m.message_id = ANY (c.message_ids)
 WHERE c.tenant_id = $1 AND c.claim_id = $2 AND m.claim_id = $2 AND c.lease_until < $3";

/// The messages that an expired claim still holds.
pub async fn held_by(tx: &TenantTx, claim: ClaimId) -> Result<Vec<MessageId>, StoreError> {
    let rows =
        tx.rows(HELD_BY, params![tx.tenant().0 => UUID, claim.0 => UUID, tx.now() => TIMESTAMPTZ]).await?;
    Ok(rows.iter().map(|row| MessageId(row.get("message_id"))).collect())
}

const OPEN_PROMISES: &str = "-- sweep::open_promises
SELECT tenant_id, array_agg(message_id) AS message_ids
  FROM (SELECT tenant_id, message_id FROM refund_promises WHERE promised_at <= $1 ORDER BY promised_at LIMIT $2) AS p
 GROUP BY tenant_id ORDER BY tenant_id";

/// Refunds promised at `until` or earlier, by tenant: their queue message was lost.
pub async fn open_promises(
    tx: &SystemTx,
    until: Timestamp,
) -> Result<Vec<(TenantId, Vec<MessageId>)>, StoreError> {
    let rows = tx.rows(OPEN_PROMISES, params![until => TIMESTAMPTZ, FOUND_MAX => INT8]).await?;
    Ok(rows.iter().map(by_tenant).collect())
}

const PAST_HORIZON: &str = "-- sweep::past_horizon
SELECT tenant_id, array_agg(message_id) AS message_ids
  FROM (SELECT u.tenant_id, u.message_id
          FROM unknowns u JOIN sender_leases l USING (tenant_id, phone_number_id)
         WHERE u.since <= $1 AND (u.since <= $2 OR l.heard_at >= u.since + ($4::timestamptz - $1::timestamptz))
         ORDER BY u.since LIMIT $3) AS p
 GROUP BY tenant_id ORDER BY tenant_id";

/// Messages UNKNOWN for too long: since `short_ago` when the number still received webhooks that long after the attempt,
/// since `long_ago` in any case.
pub async fn past_horizon(
    tx: &SystemTx,
    short_ago: Timestamp,
    long_ago: Timestamp,
) -> Result<Vec<(TenantId, Vec<MessageId>)>, StoreError> {
    let values = params![
        short_ago => TIMESTAMPTZ, long_ago => TIMESTAMPTZ, FOUND_MAX => INT8, tx.now() => TIMESTAMPTZ,
    ];
    Ok(tx.rows(PAST_HORIZON, values).await?.iter().map(by_tenant).collect())
}

const PARKED: &str = "-- sweep::parked
SELECT DISTINCT tenant_id FROM (
    SELECT tenant_id FROM parked_updates WHERE next_look_at <= $1 ORDER BY next_look_at LIMIT $2) AS p";

/// Tenants with parked statuses that are to be looked at now.
pub async fn parked(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(PARKED, params![tx.now() => TIMESTAMPTZ, FOUND_MAX => INT8]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

fn by_tenant(row: &Row) -> (TenantId, Vec<MessageId>) {
    let ids: Vec<Uuid> = row.get("message_ids");
    (TenantId(row.get("tenant_id")), ids.into_iter().map(MessageId).collect())
}

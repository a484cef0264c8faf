//! What is not sent for now, and why; and the messages that a claim met under a hold.
//!
//! Placing and lifting take the wallet's lock first, as a claim does: so no claim moves a message under a hold that is being
//! lifted, and none is left behind.

use domain::Batch;
use domain::holds::{Hold, HoldReason, HoldTarget};
use domain::{MessageId, TenantId};
use jiff::Timestamp;
use tokio_postgres::Row;

use crate::billing::wallet;
use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] =
    &[PLACE, LIST, LIFT, RELEASE, ON_MESSAGE, ENDED, LIFT_ENDED, RELEASE_ALL];

const PLACE: &str = "-- holds::place
INSERT INTO holds (tenant_id, kind, key, reason, detail, since, resumes_at, placed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (tenant_id, kind, key, reason) DO UPDATE SET detail = excluded.detail, resumes_at = excluded.resumes_at
RETURNING xmax = 0 AS is_new";

/// Stops something for a reason, until it is lifted or `resumes_at` has come. Returns whether that reason is new.
pub async fn place(
    tx: &TenantTx,
    target: &HoldTarget,
    reason: HoldReason,
    detail: &str,
    resumes_at: Option<Timestamp>,
) -> Result<bool, StoreError> {
    wallet::lock(tx).await?;
    let (kind, key) = target.parts();
    let values = params![
        tx.tenant().0 => UUID, kind => TEXT, key => TEXT, reason.as_str() => TEXT, detail => TEXT, tx.now() => TIMESTAMPTZ,
        resumes_at => TIMESTAMPTZ, tx.actor().to_string() => TEXT,
    ];
    Ok(tx.row(PLACE, values).await?.is_some_and(|row| row.get("is_new")))
}

const LIST: &str = "-- holds::list
SELECT kind, key, reason, detail, since, resumes_at FROM holds WHERE tenant_id = $1 ORDER BY since, kind, reason, key";

/// Everything of the tenant that is on hold.
pub async fn list(tx: &TenantTx) -> Result<Vec<Hold>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID]).await?;
    rows.iter().map(from_row).collect()
}

const LIFT: &str = "-- holds::lift
DELETE FROM holds WHERE tenant_id = $1 AND kind = $2 AND key = $3 AND reason = $4";

const RELEASE: &str = "-- holds::release
WITH released AS (
    DELETE FROM held_messages WHERE tenant_id = $1 AND kind = $2 AND key = $3
       AND NOT EXISTS (SELECT FROM holds h WHERE h.tenant_id = $1 AND h.kind = $2 AND h.key = $3)
    RETURNING phone_number_id, priority, due_at, message_id),
back AS (
    INSERT INTO due (tenant_id, phone_number_id, priority, due_at, message_id)
    SELECT $1, phone_number_id, priority, due_at, message_id FROM released ON CONFLICT DO NOTHING)
INSERT INTO batches (tenant_id, minute) SELECT $1, $4 WHERE EXISTS (SELECT FROM released) ON CONFLICT DO NOTHING";

/// Takes one reason away; returns whether there was one. With the last reason gone, what was held is due again: the caller
/// wakes the tenant after the commit.
pub async fn lift(tx: &TenantTx, target: &HoldTarget, reason: HoldReason) -> Result<bool, StoreError> {
    wallet::lock(tx).await?;
    let (kind, key) = target.parts();
    let held = params![tx.tenant().0 => UUID, kind => TEXT, key => TEXT, reason.as_str() => TEXT];
    let lifted = tx.run(LIFT, held).await?;
    let minute = Batch::of(tx.tenant(), tx.now()).minute;
    tx.run(RELEASE, params![tx.tenant().0 => UUID, kind => TEXT, key => TEXT, minute => TIMESTAMPTZ]).await?;
    Ok(lifted > 0)
}

const ON_MESSAGE: &str = "-- holds::on_message
SELECT h.kind, h.reason, h.detail, h.since, h.resumes_at
  FROM messages m
  JOIN phone_numbers n ON n.tenant_id = $1 AND n.phone_number_id = m.phone_number_id
  JOIN holds h ON h.tenant_id = $1 AND CASE h.kind
        WHEN 'TENANT' THEN true
        WHEN 'ACCOUNT' THEN h.key = n.waba_id
        WHEN 'NUMBER' THEN h.key = m.phone_number_id
        WHEN 'TEMPLATE' THEN h.key = m.template_id::text
        WHEN 'CAMPAIGN' THEN h.key = m.source_id::text
        ELSE h.key = m.contact_id::text END
 WHERE m.tenant_id = $1 AND m.message_id = $2
   AND (m.dispatch_state = 'PENDING' OR m.dispatch_state = 'RESERVED' AND h.reason <> 'PLAN_LIMIT')
 ORDER BY h.since, h.kind, h.reason";

/// Why a message that waits does not go. One that is debited is within the plan.
pub async fn on_message(tx: &TenantTx, message: MessageId) -> Result<Vec<Hold>, StoreError> {
    let rows = tx.rows(ON_MESSAGE, params![tx.tenant().0 => UUID, message.0 => UUID]).await?;
    rows.iter().map(from_row).collect()
}

const ENDED: &str = "-- holds::ended
SELECT DISTINCT tenant_id FROM holds WHERE resumes_at <= $1 ORDER BY tenant_id LIMIT 1000";

/// Tenants with a hold whose end has come.
pub async fn ended(tx: &SystemTx) -> Result<Vec<TenantId>, StoreError> {
    let rows = tx.rows(ENDED, params![tx.now() => TIMESTAMPTZ]).await?;
    Ok(rows.iter().map(|row| TenantId(row.get("tenant_id"))).collect())
}

const LIFT_ENDED: &str = "-- holds::lift_ended
DELETE FROM holds WHERE tenant_id = $1 AND resumes_at <= $2";

const RELEASE_ALL: &str = "-- holds::release_all
WITH released AS (
    DELETE FROM held_messages m WHERE m.tenant_id = $1
       AND NOT EXISTS (SELECT FROM holds h WHERE h.tenant_id = $1 AND h.kind = m.kind AND h.key = m.key)
    RETURNING phone_number_id, priority, due_at, message_id),
back AS (
    INSERT INTO due (tenant_id, phone_number_id, priority, due_at, message_id)
    SELECT $1, phone_number_id, priority, due_at, message_id FROM released ON CONFLICT DO NOTHING)
INSERT INTO batches (tenant_id, minute) SELECT $1, $2 WHERE EXISTS (SELECT FROM released) ON CONFLICT DO NOTHING";

/// Lifts every hold of the tenant whose end has come.
pub async fn lift_ended(tx: &TenantTx) -> Result<(), StoreError> {
    wallet::lock(tx).await?;
    tx.run(LIFT_ENDED, params![tx.tenant().0 => UUID, tx.now() => TIMESTAMPTZ]).await?;
    let minute = Batch::of(tx.tenant(), tx.now()).minute;
    tx.run(RELEASE_ALL, params![tx.tenant().0 => UUID, minute => TIMESTAMPTZ]).await.map(drop)
}

fn from_row(row: &Row) -> Result<Hold, StoreError> {
    let reason: &str = row.get("reason");
    Ok(Hold {
        kind: row.get("kind"),
        reason: reason.parse().map_err(|error| StoreError::Inconsistent {
            table: "holds",
            what: format!("reason {reason} {error}"),
        })?,
        detail: row.get("detail"),
        since: row.get("since"),
        resumes_at: row.get("resumes_at"),
    })
}

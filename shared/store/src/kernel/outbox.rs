//! Domain events between the transaction that wrote them and the event bus.
//!
//! A publisher claims a batch for a while, publishes it and deletes it. It is at least once: a publisher that dies leaves its
//! claim to expire. The events of one tenant leave in the order in which they were written, because only the publisher
//! that holds a tenant's oldest event may claim the events behind it.

use domain::events::DomainEvent;
use domain::{EventId, TenantId};
use jiff::SignedDuration;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[PUT, CLAIM, PUBLISHED];

const PUT: &str = "-- outbox::put
INSERT INTO outbox (tenant_id, event_id, event, created_at) VALUES ($1, $2, $3, $4)";

/// Writes an event that is to be published.
pub async fn put(tx: &TenantTx, event: &DomainEvent) -> Result<(), StoreError> {
    let body = serde_json::to_value(event)
        .map_err(|error| StoreError::Inconsistent { table: "outbox", what: error.to_string() })?;
    let id = EventId::at(tx.now());
    tx.run_one(PUT, params![tx.tenant().0 => UUID, id.0 => UUID, body => JSONB, tx.now() => TIMESTAMPTZ])
        .await
}

/// Tenants whose events are claimed together at most.
const TENANTS_MAX: i64 = 100;

// The tenants are found one after the other along the index, so that a long outbox of one tenant costs a single look.
// Locking a tenant's oldest event again checks that it is still there and not claimed.
const CLAIM: &str = "-- outbox::claim
WITH RECURSIVE tenants (tenant_id) AS (
    (SELECT tenant_id FROM outbox ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT o.tenant_id FROM outbox o WHERE o.tenant_id > t.tenant_id ORDER BY o.tenant_id LIMIT 1)
      FROM tenants t WHERE t.tenant_id IS NOT NULL),
oldest AS (
    SELECT o.tenant_id, o.event_id
      FROM tenants t
     CROSS JOIN LATERAL (
           SELECT tenant_id, event_id, claimed_until FROM outbox
            WHERE tenant_id = t.tenant_id ORDER BY seq LIMIT 1) o
     WHERE o.claimed_until IS NULL OR o.claimed_until <= $1
     LIMIT $3),
held AS (
    SELECT o.tenant_id
      FROM oldest w JOIN outbox o ON o.tenant_id = w.tenant_id AND o.event_id = w.event_id
     WHERE o.claimed_until IS NULL OR o.claimed_until <= $1
       FOR UPDATE OF o SKIP LOCKED),
batch AS (
    SELECT e.tenant_id, e.event_id, e.seq
      FROM held h
     CROSS JOIN LATERAL (
           SELECT tenant_id, event_id, seq FROM outbox WHERE tenant_id = h.tenant_id ORDER BY seq LIMIT $4) e
     ORDER BY e.seq LIMIT $4)
UPDATE outbox o SET claimed_until = $2
  FROM (SELECT * FROM batch ORDER BY seq) AS batch
 WHERE o.tenant_id = batch.tenant_id AND o.event_id = batch.event_id
   AND (o.claimed_until IS NULL OR o.claimed_until <= $1)
RETURNING o.tenant_id, o.event_id, o.event, o.seq";

/// An event that a publisher holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedEvent {
    pub tenant_id: TenantId,
    pub event_id: EventId,
    pub event: DomainEvent,
}

/// Takes up to `limit` events that no other publisher holds, of every tenant, each tenant's in the order of writing.
pub async fn claim(
    tx: &SystemTx,
    claim_for: SignedDuration,
    limit: i64,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let values = params![
        tx.now() => TIMESTAMPTZ, tx.now() + claim_for => TIMESTAMPTZ, TENANTS_MAX => INT8, limit => INT8,
    ];
    let mut rows = tx.rows_by_index(CLAIM, values).await?;
    rows.sort_by_key(|row| row.get::<_, i64>("seq"));
    rows.iter()
        .map(|row| {
            let event = serde_json::from_value(row.get("event"))
                .map_err(|error| StoreError::Inconsistent { table: "outbox", what: error.to_string() })?;
            let (tenant_id, event_id) = (TenantId(row.get("tenant_id")), EventId(row.get("event_id")));
            Ok(ClaimedEvent { tenant_id, event_id, event })
        })
        .collect()
}

const PUBLISHED: &str = "-- outbox::published
WITH gone AS (
    SELECT o.tenant_id, o.event_id
      FROM unnest($1::uuid[], $2::uuid[]) AS p (tenant_id, event_id) JOIN outbox o USING (tenant_id, event_id)
     ORDER BY o.seq FOR UPDATE OF o)
DELETE FROM outbox o USING gone WHERE o.tenant_id = gone.tenant_id AND o.event_id = gone.event_id";

/// Deletes events that were published.
pub async fn published(tx: &SystemTx, events: &[ClaimedEvent]) -> Result<u64, StoreError> {
    let tenants: Vec<Uuid> = events.iter().map(|event| event.tenant_id.0).collect();
    let ids: Vec<Uuid> = events.iter().map(|event| event.event_id.0).collect();
    tx.run(PUBLISHED, params![tenants => UUID_ARRAY, ids => UUID_ARRAY]).await
}

//! Domain events between the transaction that made them and whoever subscribes.

use domain::events::DomainEvent;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};

pub(crate) const STATEMENTS: &[&str] = &[PUT, WAITING, SENT];

const PUT: &str = "-- outbox::put
INSERT INTO outbox (tenant_id, event_id, event, created_at) VALUES ($1, $2, $3, $4)";

/// Promises to publish an event.
pub async fn put(tx: &TenantTx, event: &DomainEvent) -> Result<(), StoreError> {
    let body = serde_json::to_value(event)
        .map_err(|error| StoreError::Inconsistent { table: "outbox", what: error.to_string() })?;
    let id = domain::MessageId::at(tx.now()).0;
    tx.run_one(PUT, params![tx.tenant().0 => UUID, id => UUID, body => JSONB, tx.now() => TIMESTAMPTZ]).await
}

const WAITING: &str = "-- outbox::waiting
SELECT event_id, event FROM outbox ORDER BY event_id LIMIT $1";

/// Events not published yet, oldest first, of every tenant.
pub async fn waiting(tx: &SystemTx, limit: i64) -> Result<Vec<(Uuid, DomainEvent)>, StoreError> {
    let rows = tx.rows(WAITING, params![limit => INT8]).await?;
    rows.iter()
        .map(|row| {
            let event = serde_json::from_value(row.get("event"))
                .map_err(|error| StoreError::Inconsistent { table: "outbox", what: error.to_string() })?;
            Ok((row.get("event_id"), event))
        })
        .collect()
}

const SENT: &str = "-- outbox::sent
DELETE FROM outbox WHERE event_id = ANY ($1)";

/// Forgets events that were published.
pub async fn sent(tx: &SystemTx, events: &[Uuid]) -> Result<u64, StoreError> {
    tx.run(SENT, params![events => UUID_ARRAY]).await
}

//! What was done to a tenant's data, by whom, and when: one entry in the transaction that did it.
//!
//! The product's roles may add entries and read them, and may not change one.

use domain::access::Source;
use domain::{Actor, AuditEntryId, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, Tx, params};

/// What an entry says beside who acts, when, and in which request.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry<'a> {
    /// Such as `tenant.pause`.
    pub action: &'static str,
    /// What it was done to: a kind and an id, such as `contact:0190…`.
    pub subject: String,
    /// The name that an operator gave; otherwise the act's own source, an address, is stored.
    pub source: Option<&'a str>,
    /// What it changed, without secrets and without anything personal.
    pub detail: Value,
}

impl NewEntry<'_> {
    /// An entry of an act that came by a request.
    pub const fn new(action: &'static str, subject: String, detail: Value) -> Self {
        Self { action, subject, source: None, detail }
    }
}

/// An entry as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub entry_id: AuditEntryId,
    /// Absent when it is the platform's own.
    pub tenant_id: Option<TenantId>,
    pub at: Timestamp,
    /// `user:<id>`, `key:<id>`, `system` or `meta`.
    pub actor: String,
    /// An address, or the name that an operator gave.
    pub source: Option<String>,
    pub action: String,
    pub subject: String,
    pub detail: Value,
}

pub(crate) const STATEMENTS: &[&str] = &[APPEND, LIST, LIST_ALL];

const APPEND: &str = "-- audit_log::append
INSERT INTO audit_log (entry_id, tenant_id, at, actor, source, action, subject, detail, traceparent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Adds an entry of the tenant.
pub async fn append(tx: &TenantTx, entry: &NewEntry<'_>) -> Result<AuditEntryId, StoreError> {
    insert(tx, Some(tx.tenant()), (tx.actor(), tx.now(), tx.source(), tx.trace()), entry).await
}

/// Adds an entry of the platform, about no tenant or about all of them.
pub async fn append_of_platform(tx: &SystemTx, entry: &NewEntry<'_>) -> Result<AuditEntryId, StoreError> {
    insert(tx, None, (tx.actor(), tx.now(), tx.source(), tx.trace()), entry).await
}

async fn insert(
    tx: &Tx,
    tenant: Option<TenantId>,
    (actor, now, address, trace): (Actor, Timestamp, Option<Source>, Option<&str>),
    entry: &NewEntry<'_>,
) -> Result<AuditEntryId, StoreError> {
    let id = AuditEntryId::at(now);
    let NewEntry { action, subject, source, detail } = entry;
    let source = source.map(str::to_owned).or_else(|| address.map(|address| address.to_string()));
    let values = params![
        id.0 => UUID, tenant.map(|tenant| tenant.0) => UUID, now => TIMESTAMPTZ, actor.to_string() => TEXT, source => TEXT,
        action => TEXT, subject => TEXT, detail => JSONB, trace => TEXT,
    ];
    tx.run_one(APPEND, values).await?;
    Ok(id)
}

const LIST: &str = "-- audit_log::list
SELECT entry_id, tenant_id, at, actor, source, action, subject, detail FROM audit_log
 WHERE tenant_id = $1 AND entry_id < $2 ORDER BY tenant_id DESC, entry_id DESC LIMIT $3";

/// The tenant's entries older than `before`, newest first.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    Ok(rows.iter().map(from_row).collect())
}

const LIST_ALL: &str = "-- audit_log::list_all
SELECT entry_id, tenant_id, at, actor, source, action, subject, detail FROM audit_log
 WHERE entry_id < $1 ORDER BY entry_id DESC LIMIT $2";

/// Everybody's entries older than `before`, newest first.
pub async fn list_all(tx: &SystemTx, before: Uuid, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows = tx.rows(LIST_ALL, params![before => UUID, limit => INT8]).await?;
    Ok(rows.iter().map(from_row).collect())
}

fn from_row(row: &Row) -> Entry {
    Entry {
        entry_id: AuditEntryId(row.get("entry_id")),
        tenant_id: row.get::<_, Option<Uuid>>("tenant_id").map(TenantId),
        at: row.get("at"),
        actor: row.get("actor"),
        source: row.get("source"),
        action: row.get("action"),
        subject: row.get("subject"),
        detail: row.get("detail"),
    }
}

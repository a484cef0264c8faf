//! What was done to a tenant's data, by whom, and when: one entry in the transaction that did it.
//!
//! The product's roles may add entries and read them, and may not change one.

use domain::{Actor, AuditEntryId, TenantId};
use jiff::Timestamp;
use serde_json::Value;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, Tx, params};

/// What an entry says beside who acts, when, and in which request.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEntry<'a> {
    /// Such as `tenant.pause`.
    pub action: &'static str,
    /// What it was done to: a kind and an id, such as `contact:0190…`.
    pub subject: String,
    /// What the act came by: an address, or the name that an operator gave.
    pub source: Option<&'a str>,
    /// What it changed, without secrets and without anything personal.
    pub detail: Value,
}

pub(crate) const STATEMENTS: &[&str] = &[APPEND];

const APPEND: &str = "-- audit_log::append
INSERT INTO audit_log (entry_id, tenant_id, at, actor, source, action, subject, detail, traceparent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Adds an entry of the tenant.
pub async fn append(tx: &TenantTx, entry: &NewEntry<'_>) -> Result<AuditEntryId, StoreError> {
    insert(tx, Some(tx.tenant()), (tx.actor(), tx.now(), tx.trace()), entry).await
}

/// Adds an entry of the platform, about no tenant or about all of them.
pub async fn append_of_platform(tx: &SystemTx, entry: &NewEntry<'_>) -> Result<AuditEntryId, StoreError> {
    insert(tx, None, (tx.actor(), tx.now(), tx.trace()), entry).await
}

async fn insert(
    tx: &Tx,
    tenant: Option<TenantId>,
    (actor, now, trace): (Actor, Timestamp, Option<&str>),
    entry: &NewEntry<'_>,
) -> Result<AuditEntryId, StoreError> {
    let id = AuditEntryId::at(now);
    let NewEntry { action, subject, source, detail } = entry;
    let values = params![
        id.0 => UUID, tenant.map(|tenant| tenant.0) => UUID, now => TIMESTAMPTZ, actor.to_string() => TEXT, source => TEXT,
        action => TEXT, subject => TEXT, detail => JSONB, trace => TEXT,
    ];
    tx.run_one(APPEND, values).await?;
    Ok(id)
}

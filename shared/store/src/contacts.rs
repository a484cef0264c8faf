//! The people that a tenant may write to.

use domain::{ContactId, PhoneNumber};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    pub contact_id: ContactId,
    pub phone: PhoneNumber,
    pub name: Option<String>,
    /// A JSON object of the tenant's choice.
    pub attributes: serde_json::Value,
    /// Set while the contact must not be written to.
    pub opted_out_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A contact that is about to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewContact {
    pub phone: PhoneNumber,
    pub name: Option<String>,
    /// A JSON object of the tenant's choice.
    pub attributes: serde_json::Value,
}

pub(crate) const STATEMENTS: &[&str] = &[IMPORT, FIND, LIST, OPT_OUT];

const IMPORT: &str = "-- contacts::import
INSERT INTO contacts (tenant_id, contact_id, phone, name, attributes, created_at)
SELECT $1, row.id, row.phone, row.name, row.attributes, $6
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[]) WITH ORDINALITY AS row (id, phone, name, attributes, place)
 ORDER BY row.phone, row.place
    ON CONFLICT (tenant_id, phone) DO NOTHING";

/// Adds contacts whose number does not exist yet; returns how many. Of two with one number in `contacts` the first counts.
/// They are added in the order of their numbers, so that two imports never wait for each other crosswise.
pub async fn import(tx: &TenantTx, contacts: &[NewContact]) -> Result<u64, StoreError> {
    let ids: Vec<Uuid> = contacts.iter().map(|_| ContactId::at(tx.now()).0).collect();
    let phones: Vec<&str> = contacts.iter().map(|contact| contact.phone.as_str()).collect();
    let names: Vec<Option<&str>> = contacts.iter().map(|contact| contact.name.as_deref()).collect();
    let attributes: Vec<&serde_json::Value> = contacts.iter().map(|contact| &contact.attributes).collect();
    let values = params![
        tx.tenant().0 => UUID, ids => UUID_ARRAY, phones => TEXT_ARRAY, names => TEXT_ARRAY, attributes => JSONB_ARRAY,
        tx.now() => TIMESTAMPTZ,
    ];
    tx.run(IMPORT, values).await
}

const FIND: &str = "-- contacts::find
SELECT contact_id, phone, name, attributes, opted_out_at, created_at FROM contacts WHERE tenant_id = $1 AND contact_id = $2";

pub async fn find(tx: &TenantTx, contact: ContactId) -> Result<Option<Contact>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, contact.0 => UUID]).await?;
    Ok(row.as_ref().map(from_row))
}

const LIST: &str = "-- contacts::list
SELECT contact_id, phone, name, attributes, opted_out_at, created_at FROM contacts
 WHERE tenant_id = $1 AND contact_id < $2 ORDER BY tenant_id DESC, contact_id DESC LIMIT $3";

/// Contacts older than `before`, newest first.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<Contact>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    Ok(rows.iter().map(from_row).collect())
}

const OPT_OUT: &str = "-- contacts::opt_out
UPDATE contacts SET opted_out_at = coalesce(opted_out_at, $3) WHERE tenant_id = $1 AND contact_id = $2";

/// Records that a contact wants no more messages; those still waiting end when they are claimed.
pub async fn opt_out(tx: &TenantTx, contact: ContactId) -> Result<(), StoreError> {
    tx.run_one(OPT_OUT, params![tx.tenant().0 => UUID, contact.0 => UUID, tx.now() => TIMESTAMPTZ]).await
}

fn from_row(row: &Row) -> Contact {
    Contact {
        contact_id: ContactId(row.get("contact_id")),
        phone: PhoneNumber::from_stored(row.get("phone")),
        name: row.get("name"),
        attributes: row.get("attributes"),
        opted_out_at: row.get("opted_out_at"),
        created_at: row.get("created_at"),
    }
}

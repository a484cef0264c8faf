//! The people that a tenant may write to.

use std::collections::HashSet;

use domain::contacts::{Attributes, OptOut};
use domain::tenants::usage::Quantity;
use domain::{ContactId, MessageId, PhoneNumber};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

pub mod consent;
pub mod suppressions;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};
use crate::usage;

#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    pub contact_id: ContactId,
    pub phone: PhoneNumber,
    pub name: Option<String>,
    pub attributes: Attributes,
    pub opt_out: Option<OptOut>,
    pub created_at: Timestamp,
}

/// A contact that is about to be added.
#[derive(Clone, Debug, PartialEq)]
pub struct NewContact {
    pub phone: PhoneNumber,
    pub name: Option<String>,
    pub attributes: Attributes,
}

pub(crate) const STATEMENTS: &[&str] =
    &[KNOWN, IMPORT, FIND, REACHABLE, OPTED_OUT_BY_PHONE, LIST, BY_PHONE, ADD_ADDRESSES];

// The plus of a number tells it from a user id. More conditions would make the planner, where it has no statistics, read
// every address of the tenant and leave the values to a filter.
const KNOWN: &str = "-- contacts::known
SELECT value FROM contact_addresses WHERE tenant_id = $1 AND value = ANY ($2) AND valid_to IS NULL";

// What another import adds at the same time is met at the unique indexes, in the order of the rows.
const IMPORT: &str = "-- contacts::import
INSERT INTO contacts (tenant_id, contact_id, phone, identity, name, attributes, created_at)
SELECT $1, row.id, row.phone, row.identity, row.name, row.attributes::jsonb, $7
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) AS row (id, phone, identity, name, attributes)
    ON CONFLICT DO NOTHING";

/// Adds contacts whose number does not exist yet, in none of its spellings; returns how many. Of two with one number in
/// `contacts` the first counts. None is added when the plan does not allow all of them.
pub async fn import(tx: &TenantTx, contacts: &[NewContact]) -> Result<u64, StoreError> {
    let spelled: Vec<(Vec<PhoneNumber>, &NewContact)> =
        contacts.iter().map(|contact| (contact.phone.spellings(), contact)).collect();
    let spellings: Vec<&str> =
        spelled.iter().flat_map(|(spellings, _)| spellings).map(PhoneNumber::as_str).collect();
    let known = tx.rows(KNOWN, params![tx.tenant().0 => UUID, spellings => TEXT_ARRAY]).await?;
    let known: HashSet<&str> = known.iter().map(|row| row.get("value")).collect();
    let is_new =
        |(spellings, _): &&(Vec<PhoneNumber>, _)| !spellings.iter().any(|one| known.contains(one.as_str()));
    let mut rows: Vec<&(Vec<PhoneNumber>, &NewContact)> = spelled.iter().filter(is_new).collect();
    // By the identity, which is the first spelling: two imports of the same people wait for each other in one order. Rows
    // of one person stay in the order of the file.
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    rows.dedup_by(|(later, _), (first, _)| later == first);
    let ids: Vec<Uuid> = rows.iter().map(|_| ContactId::at(tx.now()).0).collect();
    let phones: Vec<&str> = rows.iter().map(|(_, contact)| contact.phone.as_str()).collect();
    let identities: Vec<Option<&str>> = rows.iter().map(|(spellings, _)| shared(spellings)).collect();
    let names: Vec<Option<&str>> = rows.iter().map(|(_, contact)| contact.name.as_deref()).collect();
    let attributes: Vec<&str> = rows.iter().map(|(_, contact)| contact.attributes.json()).collect();
    let values = params![
        tx.tenant().0 => UUID, ids => UUID_ARRAY, phones => TEXT_ARRAY, identities => TEXT_ARRAY, names => TEXT_ARRAY,
        attributes => TEXT_ARRAY, tx.now() => TIMESTAMPTZ,
    ];
    let added = tx.run(IMPORT, values).await?;
    usage::take(tx, Quantity::Contacts, usize::try_from(added).unwrap_or(usize::MAX)).await?;
    Ok(added)
}

/// The identity of a number that has several spellings.
fn shared(spellings: &[PhoneNumber]) -> Option<&str> {
    match spellings {
        [identity, _, ..] => Some(identity.as_str()),
        _ => None,
    }
}

const BY_PHONE: &str = "-- contacts::by_phone
SELECT contact_id FROM contact_addresses WHERE tenant_id = $1 AND value = ANY ($2) AND valid_to IS NULL
 UNION
SELECT contact_id FROM contacts WHERE tenant_id = $1 AND phone = ANY ($2)
 ORDER BY contact_id";

/// The contacts whose number this is, in any of its spellings: more than one where two spellings were imported before one
/// person's spellings were known to be the same.
pub async fn by_phone(tx: &TenantTx, phone: &PhoneNumber) -> Result<Vec<ContactId>, StoreError> {
    let spellings = phone.spellings();
    let spellings: Vec<&str> = spellings.iter().map(PhoneNumber::as_str).collect();
    let rows = tx.rows(BY_PHONE, params![tx.tenant().0 => UUID, spellings => TEXT_ARRAY]).await?;
    Ok(rows.iter().map(|row| ContactId(row.get("contact_id"))).collect())
}

const ADD_ADDRESSES: &str = "-- contacts::add_addresses
INSERT INTO contact_addresses (tenant_id, address_id, contact_id, kind, value, source, valid_from)
SELECT $1, said.id, m.contact_id, 'PHONE', said.phone, 'WEBHOOK', $5
  FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS said (id, message_id, phone)
  JOIN messages m ON m.tenant_id = $1 AND m.message_id = said.message_id
  JOIN contacts c ON c.tenant_id = $1 AND c.contact_id = m.contact_id AND c.erased_at IS NULL
    ON CONFLICT DO NOTHING
RETURNING address_id";

/// Adds the numbers under which WhatsApp knows the recipients of these messages. One that is another contact's stays so.
pub async fn add_addresses(tx: &TenantTx, said: &[(MessageId, &PhoneNumber)]) -> Result<u64, StoreError> {
    if said.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Uuid> = said.iter().map(|_| ContactId::at(tx.now()).0).collect();
    let messages: Vec<Uuid> = said.iter().map(|(message, _)| message.0).collect();
    let phones: Vec<&str> = said.iter().map(|(_, phone)| phone.as_str()).collect();
    let values = params![
        tx.tenant().0 => UUID, ids => UUID_ARRAY, messages => UUID_ARRAY, phones => TEXT_ARRAY,
        tx.now() => TIMESTAMPTZ,
    ];
    Ok(u64::try_from(tx.rows_by_index(ADD_ADDRESSES, values).await?.len()).unwrap_or(u64::MAX))
}

const FIND: &str = "-- contacts::find
SELECT contact_id, phone, name, attributes::text AS attributes, opted_out_at, opted_out_by_wish, created_at
  FROM contacts WHERE tenant_id = $1 AND contact_id = $2 AND erased_at IS NULL FOR KEY SHARE";

/// A contact that is not erased before this transaction ends.
pub async fn find(tx: &TenantTx, contact: ContactId) -> Result<Option<Contact>, StoreError> {
    let row = tx.row(FIND, params![tx.tenant().0 => UUID, contact.0 => UUID]).await?;
    Ok(row.as_ref().map(from_row))
}

/// Whom a quote is for: a number, and whether a message of a category may go to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reachable {
    pub contact_id: ContactId,
    pub phone: PhoneNumber,
    pub opt_out: Option<OptOut>,
}

const REACHABLE: &str = "-- contacts::reachable
SELECT contact_id, phone, opted_out_at, opted_out_by_wish FROM contacts
 WHERE tenant_id = $1 AND contact_id = ANY ($2) AND erased_at IS NULL";

/// Those of these contacts that are there.
pub async fn reachable(tx: &TenantTx, contacts: &[ContactId]) -> Result<Vec<Reachable>, StoreError> {
    let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.0).collect();
    let rows = tx.rows(REACHABLE, params![tx.tenant().0 => UUID, ids => UUID_ARRAY]).await?;
    Ok(rows.iter().map(reachable_of).collect())
}

const OPTED_OUT_BY_PHONE: &str = "-- contacts::opted_out_by_phone
SELECT contact_id, phone, opted_out_at, opted_out_by_wish FROM contacts
 WHERE tenant_id = $1 AND phone = ANY ($2) AND erased_at IS NULL AND opted_out_at IS NOT NULL";

/// The contacts with these numbers that have opted out.
pub async fn opted_out_by_phone(tx: &TenantTx, phones: &[&str]) -> Result<Vec<Reachable>, StoreError> {
    let rows = tx.rows(OPTED_OUT_BY_PHONE, params![tx.tenant().0 => UUID, phones => TEXT_ARRAY]).await?;
    Ok(rows.iter().map(reachable_of).collect())
}

fn reachable_of(row: &Row) -> Reachable {
    Reachable {
        contact_id: ContactId(row.get("contact_id")),
        phone: PhoneNumber::from_stored(row.get("phone")),
        opt_out: consent::opt_out_of(row),
    }
}

const LIST: &str = "-- contacts::list
SELECT contact_id, phone, name, attributes::text AS attributes, opted_out_at, opted_out_by_wish, created_at FROM contacts
 WHERE tenant_id = $1 AND contact_id < $2 AND erased_at IS NULL ORDER BY tenant_id DESC, contact_id DESC LIMIT $3";

/// Contacts older than `before`, newest first; people who were erased are not among them.
pub async fn list(tx: &TenantTx, before: Uuid, limit: i64) -> Result<Vec<Contact>, StoreError> {
    let rows = tx.rows(LIST, params![tx.tenant().0 => UUID, before => UUID, limit => INT8]).await?;
    Ok(rows.iter().map(from_row).collect())
}

fn from_row(row: &Row) -> Contact {
    Contact {
        contact_id: ContactId(row.get("contact_id")),
        phone: PhoneNumber::from_stored(row.get("phone")),
        name: row.get("name"),
        attributes: Attributes::from_stored(row.get("attributes")),
        opt_out: consent::opt_out_of(row),
        created_at: row.get("created_at"),
    }
}

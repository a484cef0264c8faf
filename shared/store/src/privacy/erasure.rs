//! Erasing a person: everything that names them goes, what the books need stays.
//!
//! Kept are the contact's row without a word about the person, the messages with state, price and times, every status, and
//! the whole ledger.

use domain::tenants::usage::Quantity;
use domain::{ContactId, MessageId};
use jiff::Timestamp;

use crate::kernel::error::StoreError;
use crate::kernel::tx::{SystemTx, TenantTx, params};
use crate::usage;

pub(crate) const STATEMENTS: &[&str] =
    &[WAITING, LOCK, ADDRESSES, ERASE_MESSAGES, REMOVE_ADDRESSES, ERASE_CONTACT, REMOVE_UNHANDLED];

const WAITING: &str = "-- erasure::waiting
SELECT message_id FROM messages
 WHERE tenant_id = $1 AND contact_id = $2 AND dispatch_state IN ('PENDING', 'RESERVED') ORDER BY message_id";

/// The person's messages that were not sent yet.
pub async fn waiting(tx: &TenantTx, contact: ContactId) -> Result<Vec<MessageId>, StoreError> {
    let rows = tx.rows(WAITING, params![tx.tenant().0 => UUID, contact.0 => UUID]).await?;
    Ok(rows.iter().map(|row| MessageId(row.get("message_id"))).collect())
}

const LOCK: &str = "-- erasure::lock
SELECT erased_at FROM contacts WHERE tenant_id = $1 AND contact_id = $2 FOR UPDATE";

/// Locks a contact against messages that are being accepted for it; returns when the person was erased, if they were.
/// `None` when the tenant has no such contact.
pub async fn lock(tx: &TenantTx, contact: ContactId) -> Result<Option<Option<Timestamp>>, StoreError> {
    let row = tx.row(LOCK, params![tx.tenant().0 => UUID, contact.0 => UUID]).await?;
    Ok(row.map(|row| row.get("erased_at")))
}

const ADDRESSES: &str = "-- erasure::addresses
SELECT phone AS value FROM contacts WHERE tenant_id = $1 AND contact_id = $2 AND phone IS NOT NULL
 UNION
SELECT value FROM contact_addresses WHERE tenant_id = $1 AND contact_id = $2
 UNION
SELECT coalesce(to_phone, to_bsuid) FROM messages WHERE tenant_id = $1 AND contact_id = $2
 ORDER BY value";

/// Every number and user id under which the person was known or written to.
pub async fn addresses(tx: &TenantTx, contact: ContactId) -> Result<Vec<String>, StoreError> {
    let rows = tx.rows(ADDRESSES, params![tx.tenant().0 => UUID, contact.0 => UUID]).await?;
    Ok(rows.iter().map(|row| row.get("value")).collect())
}

// A message has a recipient in any case; this one is no user id of Meta's.
const ERASE_MESSAGES: &str = "-- erasure::erase_messages
UPDATE messages SET to_phone = NULL, to_bsuid = 'erased', variables = '{}', error_text = NULL,
       body = CASE WHEN body IS NOT NULL THEN '{\"text\": \"\"}'::jsonb END
 WHERE tenant_id = $1 AND contact_id = $2";

const REMOVE_ADDRESSES: &str = "-- erasure::remove_addresses
DELETE FROM contact_addresses WHERE tenant_id = $1 AND contact_id = $2";

const ERASE_CONTACT: &str = "-- erasure::erase_contact
UPDATE contacts SET phone = NULL, identity = NULL, name = NULL, attributes = '{}', erased_at = $3, wish_said_at = NULL,
       opted_out_at = CASE WHEN opted_out_by_wish THEN $3 ELSE coalesce(opted_out_at, $3) END, opted_out_by_wish = false
 WHERE tenant_id = $1 AND contact_id = $2";

/// Removes the person from the contact, its addresses and its messages; returns how many messages there are. What may still
/// be sent is withdrawn by its claim, because the contact has opted out.
pub async fn erase(tx: &TenantTx, contact: ContactId) -> Result<u64, StoreError> {
    let (tenant, contact) = (tx.tenant().0, contact.0);
    let messages = tx.run(ERASE_MESSAGES, params![tenant => UUID, contact => UUID]).await?;
    tx.run(REMOVE_ADDRESSES, params![tenant => UUID, contact => UUID]).await?;
    tx.run_one(ERASE_CONTACT, params![tenant => UUID, contact => UUID, tx.now() => TIMESTAMPTZ]).await?;
    usage::give_back(tx, Quantity::Contacts).await?;
    Ok(messages)
}

// These updates have no tenant and no index: they are few, and an erasure is rare.
const REMOVE_UNHANDLED: &str = "-- erasure::remove_unhandled
DELETE FROM kept_updates WHERE EXISTS (SELECT FROM unnest($1::text[]) AS word WHERE strpos(raw::text, word) > 0)";

/// Removes unhandled updates that name one of these numbers or user ids.
pub async fn remove_unhandled(tx: &SystemTx, words: &[&str]) -> Result<u64, StoreError> {
    tx.run(REMOVE_UNHANDLED, params![words => TEXT_ARRAY]).await
}

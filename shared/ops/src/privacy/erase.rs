//! Erases a person: what was not sent is cancelled, everything that names the person is removed, their addresses are
//! suppressed, and the audit log holds the proof. The ledger stays as it is.

use domain::{ContactId, MessageId, PhoneNumber, TenantId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::contacts::suppressions::{self, AddressHash};
use store::privacy::erasure;
use store::{StoreError, SystemTx, TenantTx};

use crate::kernel::cipher::TokenCipher;
use crate::messages::cancel::{CancelError, cancel};

/// What became of a person's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Erased {
    pub contact_id: ContactId,
    pub erased_at: Timestamp,
    /// Whether the person had been erased before, so that nothing was left to do.
    pub was_erased_before: bool,
    /// Messages from which the person was removed.
    pub messages: u64,
    /// Messages that were not sent yet and are cancelled.
    pub cancelled: usize,
    /// Numbers and user ids that nothing is sent to from now on.
    pub suppressed: usize,
    /// Unhandled updates of Meta's that named the person.
    pub updates: u64,
}

/// Erases a person in this transaction; `None` when the tenant has no such contact. A refund that becomes due is promised
/// in its row; the sweeper sends it on its way.
pub(crate) async fn erase(
    tx: &SystemTx,
    cipher: &TokenCipher,
    (tenant, contact): (TenantId, ContactId),
    (source, reason): (&str, &str),
) -> Result<Option<Erased>, StoreError> {
    let of_tenant = &tx.as_tenant(tenant);
    // Messages before the contact, as everything that locks both does.
    let cancelled = cancel_waiting(of_tenant, contact).await?;
    match erasure::lock(of_tenant, contact).await? {
        None => return Ok(None),
        Some(Some(erased_at)) => return Ok(Some(Erased::before(contact, erased_at))),
        Some(None) => {}
    }
    let addresses = erasure::addresses(of_tenant, contact).await?;
    let hashes = hashes(cipher, tenant, &addresses);
    suppressions::add(of_tenant, &hashes).await?;
    let messages = erasure::erase(of_tenant, contact).await?;
    let words = words_in_updates(&addresses);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let updates = erasure::remove_unhandled(tx, &words).await?;
    let erased = Erased {
        contact_id: contact,
        erased_at: tx.now(),
        was_erased_before: false,
        messages,
        cancelled: cancelled.len(),
        suppressed: hashes.len(),
        updates,
    };
    let entry = NewEntry {
        action: "contact.erase",
        subject: format!("contact:{contact}"),
        source: Some(source),
        detail: json!({ "reason": reason, "erased": erased }),
    };
    audit_log::append(of_tenant, &entry).await?;
    Ok(Some(erased))
}

impl Erased {
    const fn before(contact_id: ContactId, erased_at: Timestamp) -> Self {
        let (messages, cancelled, suppressed, updates) = (0, 0, 0, 0);
        Self { contact_id, erased_at, was_erased_before: true, messages, cancelled, suppressed, updates }
    }
}

/// Cancels what was not sent; returns what was.
async fn cancel_waiting(tx: &TenantTx, contact: ContactId) -> Result<Vec<MessageId>, StoreError> {
    let mut cancelled = Vec::new();
    for message in erasure::waiting(tx, contact).await? {
        match cancel(tx, message).await {
            Ok(_promised) => cancelled.push(message),
            // It left meanwhile: its recipient has it already.
            Err(CancelError::TooLate(_) | CancelError::NotFound) => {}
            Err(CancelError::Store(error)) => return Err(error),
        }
    }
    Ok(cancelled)
}

/// Of a number, the hash of the spelling that all its spellings share, as an import compares them.
fn hashes(cipher: &TokenCipher, tenant: TenantId, addresses: &[String]) -> Vec<AddressHash> {
    let identity = |address: &String| match address.strip_prefix('+') {
        Some(_) => PhoneNumber::from_stored(address.clone()).identity().to_string(),
        None => address.clone(),
    };
    let mut identities: Vec<String> = addresses.iter().map(identity).collect();
    identities.sort_unstable();
    identities.dedup();
    identities.iter().map(|identity| cipher.address_hash(tenant, identity)).collect()
}

/// The texts that name a person in Meta's JSON: a number in digits, with its plus or without, or a user id.
fn words_in_updates(addresses: &[String]) -> Vec<String> {
    let spelled = |address: &String| match address.strip_prefix('+') {
        Some(_) => PhoneNumber::from_stored(address.clone())
            .spellings()
            .iter()
            .flat_map(|number| [format!("\"{}\"", number.digits()), format!("\"{number}\"")])
            .collect(),
        None => vec![format!("\"{address}\"")],
    };
    addresses.iter().flat_map(spelled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_looked_for_as_meta_writes_it_and_never_as_a_part_of_another() {
        let words = words_in_updates(&["+15551234567".to_owned(), "US.13491208655302741918".to_owned()]);
        let update = r#"{"from": "15551234567", "to": "155512345678", "id": "US.13491208655302741918"}"#;
        assert!(words.iter().any(|word| word == "\"15551234567\""), "{words:?}");
        assert_eq!(words.iter().filter(|word| update.contains(*word)).count(), 2, "{words:?}");
    }
}

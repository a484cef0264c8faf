//! A tenant's contacts are imported in bulk, each person once. A row that is wrong is named, and the others are imported.

use std::borrow::Cow;
use std::sync::Arc;

use domain::contacts::Attributes;
use domain::limits::{IMPORT_CONTACTS_MAX, NAME_CHARS_MAX};
use domain::problem::FieldError;
use domain::{PhoneNumber, Problem, text};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use store::audit_log::{self, NewEntry};
use store::contacts;
use store::contacts::suppressions::{self, AddressHash};
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::kernel::cipher::TokenCipher;
use crate::kernel::idempotent::{Key, KeyError, once};
use crate::kernel::permit::ContactWriter;
use crate::kernel::platform::Platform;
/// Rows of an import that are read without a pause: some milliseconds of one processor. What other requests of the process
/// wait for then is not the whole import.
pub const ROWS_AT_ONCE: usize = 100;

/// Mistakes named in one answer at most: a file often has the same mistake in every row.
pub const NAMED_MAX: usize = 20;

/// A contact as the tenant wrote it, or what is wrong with its row; the fields are those of the row.
pub type Row = Result<NewContact, Vec<FieldError>>;

#[derive(Clone, Debug)]
pub struct NewContact {
    /// In any usual spelling with a country code.
    pub phone: String,
    pub name: Option<String>,
    /// Any other values, for the variables of templates: a JSON object.
    pub attributes: Option<Box<RawValue>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    pub imported: u64,
    /// Contacts whose number existed already, or came twice in the import, in this spelling or another.
    pub skipped: u64,
    /// Contacts whose number belongs to a person who was erased; they are not added again.
    #[serde(default)]
    pub suppressed: u64,
    /// Rows that are wrong.
    #[serde(default)]
    pub rejected: u64,
    /// What is wrong with the first of them.
    #[serde(default)]
    pub rejections: Vec<Rejection>,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// 0 is the first row.
    pub index: usize,
    /// Such as `phone`; nothing when the row as a whole is wrong.
    pub field: String,
    pub reason: String,
}

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Every row is wrong, or there are too many.
    #[error("no contact is valid")]
    Invalid(Vec<FieldError>),
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Invalid(fields) => Self::invalid(fields),
            ImportError::Key(error) => error.into(),
            ImportError::Store(error) => error.into(),
        }
    }
}

impl From<Rejection> for FieldError {
    fn from(Rejection { index, field, reason }: Rejection) -> Self {
        let within = if field.is_empty() { String::new() } else { format!(".{field}") };
        Self::new(format!("contacts[{index}]{within}"), reason)
    }
}

/// Adds the contacts of the rows that are right; those whose number exists are skipped and counted.
pub async fn import_contacts(
    platform: &Platform,
    permit: &ContactWriter,
    rows: Vec<Row>,
    key: Option<Key>,
) -> Result<Imported, ImportError> {
    if rows.len() > IMPORT_CONTACTS_MAX {
        let why = format!("must hold at most {IMPORT_CONTACTS_MAX} entries");
        return Err(ImportError::Invalid(vec![FieldError::new("contacts", why)]));
    }
    let mut import = ImportContacts {
        contacts: Vec::with_capacity(rows.len()),
        key,
        outcome: Imported::default(),
        cipher: Arc::clone(&platform.token_cipher),
    };
    for (index, row) in rows.into_iter().enumerate() {
        if index % ROWS_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
        match row.and_then(check) {
            Ok(contact) => import.contacts.push(contact),
            Err(wrong) => import.outcome.reject(index, wrong),
        }
    }
    if import.contacts.is_empty() && import.outcome.rejected > 0 {
        let wrong = import.outcome.rejections.into_iter().map(FieldError::from).collect();
        return Err(ImportError::Invalid(wrong));
    }
    platform.store.perform(&platform.act(permit), &import).await
}

impl Imported {
    fn reject(&mut self, index: usize, wrong: Vec<FieldError>) {
        self.rejected += 1;
        let free = NAMED_MAX.saturating_sub(self.rejections.len());
        let named = wrong.into_iter().map(|error| Rejection { index, field: error.field, reason: error.why });
        self.rejections.extend(named.take(free));
    }
}

/// The contact of a row, or everything that is wrong with the row.
fn check(row: NewContact) -> Result<contacts::NewContact, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let phone =
        PhoneNumber::parse(&row.phone).map_err(|error| wrong.push(FieldError::new("phone", error))).ok();
    let name = row.name.as_deref().and_then(text::shown);
    if name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
        wrong.push(FieldError::new("name", format!("must be at most {NAME_CHARS_MAX} characters")));
    }
    let attributes = row.attributes.map_or_else(|| Ok(Attributes::none()), |json| Attributes::read(&json));
    let attributes = attributes.map_err(|error| wrong.push(FieldError::new("attributes", error))).ok();
    match (phone, attributes) {
        (Some(phone), Some(attributes)) if wrong.is_empty() => {
            Ok(contacts::NewContact { phone, name, attributes })
        }
        _ => Err(wrong),
    }
}

struct ImportContacts {
    contacts: Vec<contacts::NewContact>,
    key: Option<Key>,
    /// The rows that are wrong.
    outcome: Imported,
    cipher: Arc<TokenCipher>,
}

impl Operation for ImportContacts {
    const NAME: &'static str = "import_contacts";
    type Done = Imported;
    type Error = ImportError;

    async fn run(&self, tx: &TenantTx) -> Result<Imported, ImportError> {
        let work = async {
            let allowed = self.without_suppressed(tx).await?;
            let imported = contacts::import(tx, &allowed).await?;
            let (all, allowed) = (count(&self.contacts), count(&allowed));
            let (skipped, suppressed) = (allowed - imported, all - allowed);
            let outcome = Imported { imported, skipped, suppressed, ..self.outcome.clone() };
            let Imported { rejected, .. } = outcome;
            let detail = json!({
                "imported": imported, "skipped": skipped, "suppressed": suppressed, "rejected": rejected,
            });
            let entry = NewEntry::new("contacts.import", format!("tenant:{}", tx.tenant()), detail);
            audit_log::append(tx, &entry).await?;
            Ok(outcome)
        };
        once(tx, self.key.as_ref(), work).await
    }
}

impl ImportContacts {
    async fn without_suppressed(&self, tx: &TenantTx) -> Result<Cow<'_, [contacts::NewContact]>, StoreError> {
        if suppressions::is_empty(tx).await? {
            return Ok(Cow::Borrowed(&self.contacts));
        }
        // By the spelling that all spellings of a number share.
        let hash = |contact: &contacts::NewContact| {
            self.cipher.address_hash(tx.tenant(), contact.phone.identity().as_str())
        };
        let hashes: Vec<AddressHash> = self.contacts.iter().map(hash).collect();
        let suppressed = suppressions::among(tx, &hashes).await?;
        let rows = self.contacts.iter().zip(&hashes);
        let allowed = rows.filter(|(_, hash)| !suppressed.contains(hash.as_slice()));
        Ok(allowed.map(|(contact, _)| contact.clone()).collect())
    }
}

fn count(contacts: &[contacts::NewContact]) -> u64 {
    u64::try_from(contacts.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = r#"{"imported":2,"skipped":1}"#;
        let read: Imported = serde_json::from_str(stored).unwrap();
        assert_eq!(read, Imported { imported: 2, skipped: 1, ..Imported::default() });
    }

    #[test]
    fn every_wrong_field_of_a_row_is_named() {
        let attributes = format!("{{\"a\": \"{}\"}}", "x".repeat(5_000));
        let attributes = Some(RawValue::from_string(attributes).unwrap());
        let row = NewContact { phone: "1".to_owned(), name: Some("x".repeat(201)), attributes };
        let mut outcome = Imported::default();
        outcome.reject(3, check(row).unwrap_err());
        let named: Vec<String> =
            outcome.rejections.into_iter().map(|rejection| FieldError::from(rejection).field).collect();
        assert_eq!(named, ["contacts[3].phone", "contacts[3].name", "contacts[3].attributes"]);
    }
}

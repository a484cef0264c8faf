//! A tenant's contacts are imported in bulk, each phone number once.

use domain::limits::{ATTRIBUTES_BYTES_MAX, IMPORT_CONTACTS_MAX, NAME_CHARS_MAX};
use domain::problem::FieldError;
use domain::{PhoneNumber, Problem};
use serde::{Deserialize, Serialize};
use store::contacts;
use store::{Operation, StoreError, TenantTx};
use thiserror::Error;

use crate::kernel::fields;
use crate::kernel::idempotent::{Key, KeyError, once};
use crate::kernel::permit::Sender;
use crate::kernel::platform::Platform;

/// Mistakes named in one answer at most: a file often has the same mistake in every row.
const NAMED_MAX: usize = 20;

/// A contact as the tenant wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewContact {
    /// In any usual spelling with a country code.
    pub phone: String,
    pub name: Option<String>,
    /// Any other values, for the variables of templates.
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    pub imported: u64,
    /// Contacts whose number existed already, or came twice in the import.
    pub skipped: u64,
}

/// Why nothing was imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// Fields that are not valid; nothing was imported, so that the corrected file can be sent as a whole.
    #[error("some contacts are not valid")]
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

/// Adds contacts, all or none; those whose number exists are skipped and counted.
pub async fn import_contacts(
    platform: &Platform,
    permit: &Sender,
    rows: Vec<NewContact>,
    key: Option<Key>,
) -> Result<Imported, ImportError> {
    if rows.len() > IMPORT_CONTACTS_MAX {
        let why = format!("must hold at most {IMPORT_CONTACTS_MAX} entries");
        return Err(ImportError::Invalid(vec![FieldError::new("contacts", why)]));
    }
    let (mut contacts, mut wrong) = (Vec::with_capacity(rows.len()), Vec::new());
    for (index, row) in rows.into_iter().enumerate() {
        match check(index, row) {
            Ok(contact) => contacts.push(contact),
            Err(errors) => wrong.extend(errors),
        }
        if wrong.len() >= NAMED_MAX {
            wrong.truncate(NAMED_MAX);
            break;
        }
    }
    if !wrong.is_empty() {
        return Err(ImportError::Invalid(wrong));
    }
    platform.store.perform(&platform.act(permit), &ImportContacts { contacts, key }).await
}

/// The contact of a row, or everything that is wrong with the row.
fn check(index: usize, row: NewContact) -> Result<contacts::NewContact, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let at = |field: &str| format!("contacts[{index}].{field}");
    let phone = PhoneNumber::parse(&row.phone).map_err(|error| FieldError::new(at("phone"), error));
    if row.name.as_ref().is_some_and(|name| !fields::is_visible(name, NAME_CHARS_MAX)) {
        wrong.push(FieldError::new(
            at("name"),
            format!("must be at most {NAME_CHARS_MAX} visible characters"),
        ));
    }
    let attributes = serde_json::Value::Object(row.attributes);
    if attributes.to_string().len() > ATTRIBUTES_BYTES_MAX {
        let why = format!("must be at most {ATTRIBUTES_BYTES_MAX} bytes of JSON");
        wrong.push(FieldError::new(at("attributes"), why));
    }
    match phone {
        Ok(phone) if wrong.is_empty() => Ok(contacts::NewContact { phone, name: row.name, attributes }),
        phone => Err(phone.err().into_iter().chain(wrong).collect()),
    }
}

struct ImportContacts {
    contacts: Vec<contacts::NewContact>,
    key: Option<Key>,
}

impl Operation for ImportContacts {
    const NAME: &'static str = "import_contacts";
    type Done = Imported;
    type Error = ImportError;

    async fn run(&self, tx: &TenantTx) -> Result<Imported, ImportError> {
        let work = async {
            let imported = contacts::import(tx, &self.contacts).await?;
            let total = u64::try_from(self.contacts.len()).unwrap_or(u64::MAX);
            Ok(Imported { imported, skipped: total - imported })
        };
        once(tx, self.key.as_ref(), work).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = r#"{"imported":2,"skipped":1}"#;
        assert_eq!(serde_json::from_str::<Imported>(stored).unwrap(), Imported { imported: 2, skipped: 1 });
    }

    #[test]
    fn every_wrong_field_of_a_row_is_named() {
        let attributes = serde_json::Map::from_iter([("a".to_owned(), "x".repeat(5_000).into())]);
        let row = NewContact { phone: "1".to_owned(), name: Some("a\u{7}".to_owned()), attributes };
        let wrong = check(3, row).unwrap_err();
        let named: Vec<&str> = wrong.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, ["contacts[3].phone", "contacts[3].name", "contacts[3].attributes"]);
    }
}

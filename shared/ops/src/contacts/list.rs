//! The contacts of a tenant, newest first.

use store::StoreError;
use store::contacts;
pub use store::contacts::Contact;
use uuid::Uuid;

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::ContactReader;
use crate::kernel::platform::Platform;

/// Contacts older than `before`, newest first.
pub async fn list_contacts(
    platform: &Platform,
    permit: &ContactReader,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Contact>, StoreError> {
    platform.store.perform(&platform.act(permit), &ListContacts { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_contacts";
    struct ListContacts { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<Contact> { contacts::list(tx, self.before, self.limit) }
}

//! The messages of a tenant, to look at: where each stands, what was heard of it, what it cost.

use domain::{MessageId, TenantId};
use store::messages::{self, Message, StatusEntry};
use store::{Operation, Scope, StoreError, Tx};
use uuid::Uuid;

use crate::access::permit::Viewer;
use crate::kernel::platform::Platform;

/// Messages older than `before`, newest first.
pub async fn list_messages(
    platform: &Platform,
    by: &Viewer,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let tenant = by.tenant();
    platform.store.perform(Scope::Tenant(tenant), &ListMessages { tenant, before, limit }).await
}

struct ListMessages {
    tenant: TenantId,
    before: Uuid,
    limit: i64,
}

impl Operation for ListMessages {
    const NAME: &'static str = "list_messages";
    type Done = Vec<Message>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Vec<Message>, StoreError> {
        messages::list(tx, self.tenant, self.before, self.limit).await
    }
}

/// A message with every status that was heard of it; `None` when it is not the tenant's.
pub async fn find_message(
    platform: &Platform,
    by: &Viewer,
    message: MessageId,
) -> Result<Option<(Message, Vec<StatusEntry>)>, StoreError> {
    let tenant = by.tenant();
    platform.store.perform(Scope::Tenant(tenant), &FindMessage { tenant, message }).await
}

struct FindMessage {
    tenant: TenantId,
    message: MessageId,
}

impl Operation for FindMessage {
    const NAME: &'static str = "find_message";
    type Done = Option<(Message, Vec<StatusEntry>)>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Self::Done, StoreError> {
        let Some(message) = messages::find(tx, self.tenant, self.message).await? else { return Ok(None) };
        let history = messages::history(tx, self.tenant, self.message).await?;
        Ok(Some((message, history)))
    }
}

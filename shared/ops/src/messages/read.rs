//! The messages of a tenant, to look at: where each stands, what was heard of it, what it cost.

use domain::MessageId;
use store::messages::{self, Message, StatusEntry};
use store::{Operation, StoreError, TenantTx};
use uuid::Uuid;

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::Viewer;
use crate::kernel::platform::Platform;

/// Messages older than `before`, newest first.
pub async fn list_messages(
    platform: &Platform,
    by: &Viewer,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    platform.store.perform(&platform.act(by), &ListMessages { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_messages";
    struct ListMessages { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<Message> { messages::list(tx, self.before, self.limit) }
}

/// A message with every status that was heard of it; `None` when it is not the tenant's.
pub async fn find_message(
    platform: &Platform,
    by: &Viewer,
    message: MessageId,
) -> Result<Option<(Message, Vec<StatusEntry>)>, StoreError> {
    platform.store.perform(&platform.act(by), &FindMessage { message }).await
}

struct FindMessage {
    message: MessageId,
}

impl Operation for FindMessage {
    const NAME: &'static str = "find_message";
    type Done = Option<(Message, Vec<StatusEntry>)>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let Some(message) = messages::find(tx, self.message).await? else { return Ok(None) };
        let history = messages::history(tx, self.message).await?;
        Ok(Some((message, history)))
    }
}

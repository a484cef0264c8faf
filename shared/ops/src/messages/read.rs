//! The messages of a tenant: the state of each, the statuses that were received for it, what it cost.

use domain::MessageId;
use domain::holds::Hold;
use store::holds;
use store::messages;
pub use store::messages::{Message, Pricing, StatusEntry};
use store::{Operation, StoreError, TenantTx};
use uuid::Uuid;

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::MessageReader;
use crate::kernel::platform::Platform;

/// Messages older than `before`, newest first.
pub async fn list_messages(
    platform: &Platform,
    permit: &MessageReader,
    before: Uuid,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    platform.store.perform(&platform.act(permit), &ListMessages { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "list_messages";
    struct ListMessages { before: Uuid, limit: i64 }
    fn run(&self, tx) -> Vec<Message> { messages::list(tx, self.before, self.limit) }
}

/// A message with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundMessage {
    pub message: Message,
    /// Every status that Meta sent of it, in the order in which they came.
    pub history: Vec<StatusEntry>,
    /// Why it does not go, while it waits.
    pub holds: Vec<Hold>,
    /// How its price came about, once it was debited.
    pub pricing: Option<Pricing>,
}

/// A message of the tenant; `None` when it is not the tenant's.
pub async fn find_message(
    platform: &Platform,
    permit: &MessageReader,
    message: MessageId,
) -> Result<Option<FoundMessage>, StoreError> {
    platform.store.perform(&platform.act(permit), &FindMessage { message }).await
}

struct FindMessage {
    message: MessageId,
}

impl Operation for FindMessage {
    const NAME: &'static str = "find_message";
    type Done = Option<FoundMessage>;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Self::Done, StoreError> {
        let Some(message) = messages::find(tx, self.message).await? else { return Ok(None) };
        let history = messages::history(tx, self.message).await?;
        let holds = holds::on_message(tx, self.message).await?;
        let pricing = messages::pricing(tx, self.message).await?;
        Ok(Some(FoundMessage { message, history, holds, pricing }))
    }
}

//! The messages of a tenant: the state of each, the statuses that were received for it, what it cost.

use domain::MessageId;
use domain::messages::Evidence;
use jiff::Timestamp;
use store::delivery::statuses;
pub use store::messages::Message;
use store::messages::{self, StatusEntry};
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

/// A status that Meta sent for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedStatus {
    /// Which.
    pub status: Evidence,
    /// By Meta's clock.
    pub occurred_at: Option<Timestamp>,
    /// By our clock.
    pub received_at: Timestamp,
    /// Meta's error code.
    pub error_code: Option<i32>,
    /// Meta's error text.
    pub error_text: Option<String>,
}

impl TryFrom<StatusEntry> for ReceivedStatus {
    type Error = StoreError;

    fn try_from(entry: StatusEntry) -> Result<Self, StoreError> {
        Ok(Self {
            status: statuses::kind_of(entry.bit)?,
            occurred_at: entry.occurred_at,
            received_at: entry.received_at,
            error_code: entry.error_code,
            error_text: entry.error_text,
        })
    }
}

/// A message with every status that was received for it; `None` when it is not the tenant's.
pub async fn find_message(
    platform: &Platform,
    by: &Viewer,
    message: MessageId,
) -> Result<Option<(Message, Vec<ReceivedStatus>)>, StoreError> {
    let found = platform.store.perform(&platform.act(by), &FindMessage { message }).await?;
    let Some((message, history)) = found else { return Ok(None) };
    let history = history.into_iter().map(ReceivedStatus::try_from).collect::<Result<_, _>>()?;
    Ok(Some((message, history)))
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

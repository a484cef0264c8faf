//! Paying refunds that are owed, each debit at most once however often it is asked for (I5).

use cloud::RefundJob;
use domain::{MessageId, TenantId};
use store::StoreError;
use store::billing::refunds;

use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;

/// Messages in one refund job at most.
const JOB_MESSAGES_MAX: usize = 500;

/// Pays what is owed for these messages; returns how many were paid now.
pub async fn refund(
    platform: &Platform,
    tenant: TenantId,
    messages: Vec<MessageId>,
) -> Result<i64, StoreError> {
    let refund = Refund { messages };
    let paid = platform.store.perform(&platform.as_system(tenant), &refund).await?;
    tracing::info!(%tenant, paid, "Refunds were paid.");
    Ok(paid)
}

one_statement! {
    const NAME: &'static str = "refund";
    struct Refund { messages: Vec<MessageId> }
    fn run(&self, tx) -> i64 { refunds::pay(tx, &self.messages) }
}

/// Sends promised refunds on their way. When that fails the promises stand, and the sweeper sends them again.
pub(crate) async fn enqueue_refunds(platform: &Platform, tenant: TenantId, messages: Vec<MessageId>) {
    for chunk in messages.chunks(JOB_MESSAGES_MAX) {
        let job = RefundJob { tenant, message_ids: chunk.to_vec() };
        if let Err(error) = platform.cloud.send(&job, std::time::Duration::ZERO).await {
            tracing::warn!(%error, %tenant, "Refunds were not enqueued; the sweeper finds their promises.");
        }
    }
}

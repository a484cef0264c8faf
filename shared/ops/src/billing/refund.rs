//! Paying refunds that are owed, each debit at most once however often it is asked for (I5).

use cloud::RefundJob;
use domain::{MessageId, TenantId};
use jiff::Timestamp;
use store::billing::refunds;
use store::{Operation, Scope, StoreError, Tx};

use crate::kernel::platform::Platform;

/// Messages in one refund job at most.
const JOB_MESSAGES_MAX: usize = 500;

/// Pays what is owed for these messages; tells how many were paid now.
pub async fn refund(
    platform: &Platform,
    tenant: TenantId,
    messages: Vec<MessageId>,
) -> Result<i64, StoreError> {
    let refund = Refund { tenant, messages, now: platform.clock.now() };
    let paid = platform.store.perform(Scope::Tenant(tenant), &refund).await?;
    tracing::info!(%tenant, paid, "refunds were paid");
    Ok(paid)
}

struct Refund {
    tenant: TenantId,
    messages: Vec<MessageId>,
    now: Timestamp,
}

impl Operation for Refund {
    const NAME: &'static str = "refund";
    type Done = i64;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<i64, StoreError> {
        refunds::pay(tx, self.tenant, &self.messages, self.now).await
    }
}

/// Sends promised refunds on their way. When that fails the promises stand, and the sweeper sends them again.
pub(crate) async fn enqueue_refunds(platform: &Platform, tenant: TenantId, messages: Vec<MessageId>) {
    for chunk in messages.chunks(JOB_MESSAGES_MAX) {
        let job = RefundJob { tenant, message_ids: chunk.to_vec() };
        if let Err(error) = platform.cloud.send(&job, std::time::Duration::ZERO).await {
            tracing::warn!(%error, %tenant, "refunds were not enqueued; the sweeper will find their promises");
        }
    }
}

//! Paying refunds that are owed, each debit at most once however often it is asked for (I5).

use domain::{MessageId, TenantId};
use jiff::Timestamp;
use store::{Operation, Scope, StoreError, Tx, ledger};

use crate::platform::Platform;

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
        ledger::refund(tx, self.tenant, &self.messages, self.now).await
    }
}

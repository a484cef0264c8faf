//! Stops sending through an account until it is connected again.

use domain::events::DomainEvent;
use domain::holds::{HoldReason, HoldTarget};
use domain::{TenantId, WabaId};
use store::billing::wallet;
use store::whatsapp::accounts::{self, Account};
use store::{Operation, StoreError, TenantTx, holds, outbox};

use crate::kernel::platform::Platform;

/// Stops sending through an account. Its tenant sees the reason with every message that waits, and subscribers of events
/// learn it once.
pub(crate) async fn pause(tx: &TenantTx, waba_id: &WabaId, reason: &str) -> Result<(), StoreError> {
    // Before the account, as when it is connected.
    wallet::lock(tx).await?;
    if accounts::pause(tx, waba_id, reason).await? > 0 {
        tracing::error!(tenant = %tx.tenant(), waba = %waba_id, reason, "nothing is sent through the account until it is connected again");
        let (tenant_id, waba_id, reason) = (tx.tenant(), waba_id.clone(), reason.to_owned());
        outbox::put(tx, &DomainEvent::WhatsappPaused { tenant_id, waba_id, reason }).await?;
    }
    holds::place(tx, &HoldTarget::Account(waba_id.clone()), HoldReason::Account, reason, None).await.map(drop)
}

/// Pauses an account as it was read, unless it was connected again since.
pub(crate) async fn pause_as_read(
    platform: &Platform,
    tenant: TenantId,
    account: &Account,
    reason: &str,
) -> Result<(), StoreError> {
    let pause = PauseAccount { account: account.clone(), reason: reason.to_owned() };
    platform.store.perform(&platform.as_system(tenant), &pause).await
}

struct PauseAccount {
    account: Account,
    reason: String,
}

impl Operation for PauseAccount {
    const NAME: &'static str = "pause_account";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        let Account { waba_id, connected_at, .. } = &self.account;
        wallet::lock(tx).await?;
        if accounts::connected_at(tx, waba_id).await? != Some(*connected_at) {
            return Ok(());
        }
        pause(tx, waba_id, &self.reason).await
    }
}

//! What a tenant has and where it went.

use domain::{Money, TenantId};
use store::billing::ledger::{self, Entry};
use store::billing::wallet;
use store::{Operation, Scope, StoreError, Tx};

use crate::access::permit::Spender;
use crate::kernel::platform::Platform;

/// The tenant's balance.
pub async fn balance(platform: &Platform, by: &Spender) -> Result<Money, StoreError> {
    let tenant = by.tenant();
    platform.store.perform(Scope::Tenant(tenant), &Balance { tenant }).await
}

struct Balance {
    tenant: TenantId,
}

impl Operation for Balance {
    const NAME: &'static str = "balance";
    type Done = Money;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Money, StoreError> {
        wallet::balance(tx, self.tenant).await?.ok_or_else(|| StoreError::Inconsistent {
            table: "wallets",
            what: format!("tenant {} has none", self.tenant),
        })
    }
}

/// Ledger entries before number `before`, newest first.
pub async fn entries(
    platform: &Platform,
    by: &Spender,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let tenant = by.tenant();
    platform.store.perform(Scope::Tenant(tenant), &Entries { tenant, before, limit }).await
}

struct Entries {
    tenant: TenantId,
    before: i64,
    limit: i64,
}

impl Operation for Entries {
    const NAME: &'static str = "ledger_entries";
    type Done = Vec<Entry>;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Vec<Entry>, StoreError> {
        ledger::list(tx, self.tenant, self.before, self.limit).await
    }
}

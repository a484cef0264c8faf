//! A tenant's balance and ledger.

use domain::Money;
use store::billing::ledger;
pub use store::billing::ledger::Entry;
use store::billing::wallet;
use store::{Operation, StoreError, TenantTx};

use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::Spender;
use crate::kernel::platform::Platform;

pub async fn balance(platform: &Platform, permit: &Spender) -> Result<Money, StoreError> {
    platform.store.perform(&platform.act(permit), &Balance).await
}

struct Balance;

impl Operation for Balance {
    const NAME: &'static str = "balance";
    type Done = Money;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<Money, StoreError> {
        wallet::balance(tx).await?.ok_or_else(|| StoreError::Inconsistent {
            table: "wallets",
            what: format!("tenant {} has none", tx.tenant()),
        })
    }
}

/// Ledger entries before number `before`, newest first.
pub async fn entries(
    platform: &Platform,
    permit: &Spender,
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    platform.store.perform(&platform.act(permit), &Entries { before, limit }).await
}

one_statement! {
    const NAME: &'static str = "ledger_entries";
    struct Entries { before: i64, limit: i64 }
    fn run(&self, tx) -> Vec<Entry> { ledger::list(tx, self.before, self.limit) }
}

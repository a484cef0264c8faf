//! The naive loop: one transaction per message.

use domain::{Act, MessageId};
use jiff::Timestamp;
use store::testing::yardstick::{self, Ground};
use store::{Operation, Store, StoreError, TenantTx};

use super::ground::PRICE;

/// Debits all messages, one by one.
pub(super) async fn run(
    store: &Store,
    ground: &Ground,
    ids: &[MessageId],
    now: Timestamp,
) -> Result<(), StoreError> {
    for id in ids {
        store.perform(&Act::of_system(ground.tenant, now), &Naive { ground, id: *id }).await?;
    }
    Ok(())
}

struct Naive<'a> {
    ground: &'a Ground,
    id: MessageId,
}

impl Operation for Naive<'_> {
    const NAME: &'static str = "bench_naive";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        yardstick::naive(tx, self.ground, self.id, PRICE).await
    }
}

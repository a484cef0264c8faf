//! The naive loop: one transaction per message.

use domain::MessageId;
use jiff::Timestamp;
use store::testing::yardstick::{self, Ground};
use store::{Operation, Scope, Store, StoreError, Tx};

use super::ground::PRICE;

/// Debits all messages, one by one.
pub(super) async fn run(
    store: &Store,
    ground: &Ground,
    ids: &[MessageId],
    now: Timestamp,
) -> Result<(), StoreError> {
    for id in ids {
        store.perform(Scope::Tenant(ground.tenant), &Naive { ground, id: *id, now }).await?;
    }
    Ok(())
}

struct Naive<'a> {
    ground: &'a Ground,
    id: MessageId,
    now: Timestamp,
}

impl Operation for Naive<'_> {
    const NAME: &'static str = "bench_naive";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<(), StoreError> {
        yardstick::naive(tx, self.ground, self.id, PRICE, self.now).await
    }
}

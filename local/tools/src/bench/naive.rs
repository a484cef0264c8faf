//! The naive loop: one transaction per message.

use domain::{Act, MessageId};
use jiff::Timestamp;
use store::testing::yardstick::{self, Fixture};
use store::{Operation, Store, StoreError, TenantTx};

use super::fixture::PRICE;

/// Debits all messages, one by one.
pub(super) async fn run(
    store: &Store,
    fixture: &Fixture,
    ids: &[MessageId],
    now: Timestamp,
) -> Result<(), StoreError> {
    for id in ids {
        store.perform(&Act::of_system(fixture.tenant, now), &Naive { fixture, id: *id }).await?;
    }
    Ok(())
}

struct Naive<'a> {
    fixture: &'a Fixture,
    id: MessageId,
}

impl Operation for Naive<'_> {
    const NAME: &'static str = "bench_naive";
    type Done = ();
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<(), StoreError> {
        yardstick::naive(tx, self.fixture, self.id, PRICE).await
    }
}

//! The floor: the same rows as a claim's, written with no logic.

use domain::{Act, MessageId, Money};
use jiff::Timestamp;
use store::testing::yardstick::{self, Fixture};
use store::{Operation, Store, StoreError, TenantTx};

use super::fixture::{CREDIT, PRICE};

/// Writes all messages, chunk by chunk.
pub(super) async fn run(
    store: &Store,
    fixture: &Fixture,
    ids: &[MessageId],
    chunk: usize,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Entry 1 is the credit.
    let (mut seq, mut balance) = (1, CREDIT.micros());
    for part in ids.chunks(chunk) {
        let paid = (seq, Money::from_micros(balance), PRICE);
        let floor = Floor { fixture, ids: part, paid };
        store.perform(&Act::of_system(fixture.tenant, now), &floor).await?;
        let count = i64::try_from(part.len()).unwrap_or(0);
        seq += count;
        balance -= count * PRICE.micros();
    }
    Ok(())
}

struct Floor<'a> {
    fixture: &'a Fixture,
    ids: &'a [MessageId],
    paid: (i64, Money, Money),
}

impl Operation for Floor<'_> {
    const NAME: &'static str = "bench_floor";
    type Done = u64;
    type Error = StoreError;

    async fn run(&self, tx: &TenantTx) -> Result<u64, StoreError> {
        yardstick::floor(tx, self.fixture, self.ids, self.paid).await
    }
}

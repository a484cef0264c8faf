//! What an operator is woken for.

use jiff::Timestamp;
use store::recovery::gauges::{self, Gauges};
use store::{Operation, Scope, StoreError, Tx};

use crate::kernel::platform::Platform;

/// Reads the numbers as they are now.
pub async fn read(platform: &Platform) -> Result<Gauges, StoreError> {
    platform.store.perform(Scope::System, &ReadGauges { now: platform.clock.now() }).await
}

struct ReadGauges {
    now: Timestamp,
}

impl Operation for ReadGauges {
    const NAME: &'static str = "gauges";
    type Done = Gauges;
    type Error = StoreError;

    async fn run(&self, tx: &Tx) -> Result<Gauges, StoreError> {
        gauges::read(tx, self.now).await
    }
}

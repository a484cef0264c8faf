//! What an operator is woken for.

use store::StoreError;
use store::recovery::gauges::{self, Gauges};

use crate::kernel::one_statement::one_statement;
use crate::kernel::platform::Platform;

/// Reads the numbers as they are now.
pub async fn read(platform: &Platform) -> Result<Gauges, StoreError> {
    platform.store.perform_system(&platform.system(), &ReadGauges {}).await
}

one_statement! {
    const NAME: &'static str = "gauges";
    system struct ReadGauges {}
    fn run(&self, tx) -> Gauges { gauges::read(tx) }
}

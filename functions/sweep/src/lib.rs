//! Every minute: finds in the rows what a lost event left behind, and starts it again.

use jiff::Timestamp;
use ops::Platform;
use ops::recovery::sweep::{SweepError, Swept, sweep};
use runtime::emf::{self, Metric, Unit};
use store::recovery::gauges::Gauges;

/// One sweep; what is not begun by `until` is left to the next.
pub async fn on_schedule(platform: &Platform, until: Timestamp) -> Result<Swept, SweepError> {
    sweep(platform, until).await
}

/// One sweep of the deployed function, and then the metrics that alarms watch.
pub async fn on_tick(platform: &Platform, until: Timestamp) -> Result<(), SweepError> {
    let swept = on_schedule(platform, until).await;
    // The metrics matter most when a sweep fails.
    let gauges = ops::recovery::gauges::read(platform).await?;
    emf::emit(&metrics(gauges), platform.clock.now());
    swept?;
    Ok(())
}

/// What is measured every minute.
pub fn metrics(gauges: Gauges) -> [Metric; 5] {
    let count = |name, value| Metric { name, unit: Unit::Count, value };
    [
        count("OverdueBatches", gauges.overdue_batches),
        count("OpenRefunds", gauges.open_refunds),
        Metric { name: "UnknownAgeSeconds", unit: Unit::Seconds, value: gauges.unknown_age_seconds },
        count("ParkedUpdates", gauges.parked_updates),
        count("LedgerDrift", gauges.drifted_wallets),
    ]
}

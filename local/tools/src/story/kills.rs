//! Schedules messages while the serving process is killed at random moments.

use std::time::Duration;

use crate::progress::bar;
use crate::story::instance::Instance;
use crate::story::scenario::Scenario;
use tidings::error::LocalError;

/// How long the process runs between two kills, in milliseconds.
const LIVES: std::ops::Range<u64> = 100..1_500;

/// Kills and restarts `kills` times; between two kills a slice of the messages is scheduled.
pub(crate) async fn schedule_while_killing(
    scenario: &Scenario,
    instance: &Instance,
    kills: u32,
) -> Result<(), LocalError> {
    let slices = usize::try_from(kills).unwrap_or(1);
    let scheduled = bar("Scheduling", scenario.len());
    let scheduling = async {
        for slice in 0..slices {
            scenario.schedule_slice(slice, slices, &scheduled).await?;
        }
        Ok::<(), LocalError>(())
    };
    let killing = async {
        for _ in 0..kills {
            tokio::time::sleep(Duration::from_millis(rand::random_range(LIVES))).await;
            instance.kill_and_restart().await?;
        }
        Ok::<(), LocalError>(())
    };
    let (scheduling, killing) = tokio::join!(scheduling, killing);
    scheduled.finish();
    tidings::say::say(format!("The serving process was killed {kills} times."));
    scheduling.and(killing)
}

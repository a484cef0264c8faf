//! Scheduling while the serving process is killed at random moments.

use std::time::Duration;

use crate::story::cast::{Cast, bar};
use crate::story::instance::Instance;
use tidings::error::LocalError;

/// How long the process lives between two kills, in milliseconds.
const LIVES: std::ops::Range<u64> = 100..1_500;

/// Kills and restarts so often; between two kills a slice of the messages is scheduled.
pub(crate) async fn schedule_under_fire(
    cast: &Cast,
    instance: &Instance,
    kills: u32,
) -> Result<(), LocalError> {
    let slices = usize::try_from(kills).unwrap_or(1);
    let scheduled = bar("Scheduling", cast.len());
    let work = async {
        for slice in 0..slices {
            cast.schedule_slice(slice, slices, &scheduled).await?;
        }
        Ok::<(), LocalError>(())
    };
    let fire = async {
        for _ in 0..kills {
            tokio::time::sleep(Duration::from_millis(rand::random_range(LIVES))).await;
            instance.kill_and_restart().await?;
        }
        Ok::<(), LocalError>(())
    };
    let (worked, fired) = tokio::join!(work, fire);
    scheduled.finish();
    tidings::say::say(format!("The serving process was killed {kills} times."));
    worked.and(fired)
}

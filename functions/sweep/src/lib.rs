//! Every minute: whatever a lost event left behind is found in the rows and set going again.

use ops::Platform;
use ops::rescue::{RescueError, Swept, sweep};

/// One look at everything.
pub async fn on_schedule(platform: &Platform) -> Result<Swept, RescueError> {
    sweep(platform).await
}

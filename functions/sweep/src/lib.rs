//! Every minute: whatever a lost event left behind is found in the rows and set going again.

use jiff::Timestamp;
use ops::Platform;
use ops::rescue::{RescueError, Swept, sweep};

/// One look at everything; what is not begun by `until` is left to the next.
pub async fn on_schedule(platform: &Platform, until: Timestamp) -> Result<Swept, RescueError> {
    sweep(platform, until).await
}

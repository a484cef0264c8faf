//! Asking for another dispatch.

use std::time::Duration;

use cloud::WakeUp;
use domain::TenantId;
use jiff::SignedDuration;

use crate::kernel::platform::Platform;

/// Asks for another dispatch; when that is lost, the sweeper asks for it.
pub(crate) async fn wake(platform: &Platform, tenant: TenantId, delay: SignedDuration) {
    // What lies in the past is due now.
    let delay = Duration::try_from(delay).unwrap_or(Duration::ZERO);
    if let Err(error) = platform.cloud.send(&WakeUp { tenant }, delay).await {
        tracing::warn!(%error, %tenant, "A wake-up was not sent; the sweeper sends it.");
    }
}

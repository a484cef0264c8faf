//! A business number while one dispatcher sends from it.

use domain::{PhoneNumberId, TenantId};
use secrecy::SecretString;

use store::Operation;

use crate::delivery::call_stats::CallStats;
use crate::delivery::rate_limiter::RateLimiter;
use crate::kernel::platform::Platform;

/// One number being sent from.
pub(crate) struct NumberSession<'a> {
    pub platform: &'a Platform,
    pub tenant: TenantId,
    pub number: PhoneNumberId,
    pub token: SecretString,
    /// Messages a second.
    pub rate: i32,
    pub rate_limiter: RateLimiter,
    pub stats: &'a CallStats,
}

impl NumberSession<'_> {
    /// Runs an operation as the system, on the number's tenant.
    pub(crate) async fn perform<O: Operation>(&self, operation: &O) -> Result<O::Done, O::Error> {
        self.platform.store.perform(&self.platform.as_system(self.tenant), operation).await
    }
}

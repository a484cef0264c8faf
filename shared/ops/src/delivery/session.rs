//! A business number while one dispatcher sends from it.

use domain::{PhoneNumberId, TenantId};
use secrecy::SecretString;

use crate::delivery::call_stats::Tally;
use crate::delivery::rate_limiter::Pace;
use crate::kernel::platform::Platform;

/// One number being sent from.
pub(crate) struct Sender<'a> {
    pub platform: &'a Platform,
    pub tenant: TenantId,
    pub number: PhoneNumberId,
    pub token: SecretString,
    /// Messages a second.
    pub rate: i32,
    pub pace: Pace,
    pub tally: &'a Tally,
}

//! What orders have set. None of it survives the process.

use serde::Serialize;

use crate::faults::Faults;
use crate::limits::Limits;
use crate::template::Review;

#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) auto: Auto,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
    /// The result of every review from now on.
    pub(crate) review: Review,
}

/// How updates follow without an order: `POST /sandbox/auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Auto {
    pub(crate) on: bool,
    pub(crate) delay_ms: u64,
    pub(crate) shuffle: bool,
    pub(crate) duplicate: bool,
}

impl Default for Auto {
    fn default() -> Self {
        Self { on: true, delay_ms: 50, shuffle: false, duplicate: false }
    }
}

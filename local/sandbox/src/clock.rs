//! The only place that reads the wall clock: the rest of the sandbox is handed milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox stands for Meta, whose clock nobody can set; read here alone"
)]
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A moment as RFC 3339 text with milliseconds, for the oracle.
pub(crate) fn rfc3339(ms: u64) -> String {
    let moment = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(String::new, |moment| format!("{moment:.3}"))
}

/// The month of a moment in UTC, such as `2026-11`.
pub(crate) fn month(ms: u64) -> String {
    rfc3339(ms).chars().take(7).collect()
}

/// The day of a moment in UTC as Meta writes it at bans: `April 17, 2025`.
pub(crate) fn long_date(ms: u64) -> String {
    let moment = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.map_or_else(String::new, |moment| moment.strftime("%B %-d, %Y").to_string())
}

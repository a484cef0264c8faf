//! Times: the system clock, and how times are written.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch. Everything else gets the time as an argument.
#[expect(clippy::disallowed_methods, reason = "the only place that reads the system clock")]
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// RFC 3339 with milliseconds.
pub(crate) fn rfc3339(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map_or_else(String::new, |time| format!("{time:.3}"))
}

/// The month in UTC, such as `2026-11`.
pub(crate) fn month(ms: u64) -> String {
    rfc3339(ms).chars().take(7).collect()
}

/// The day in UTC as Meta writes it in a ban: `April 17, 2025`.
pub(crate) fn long_date(ms: u64) -> String {
    let time = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map_or_else(String::new, |time| time.strftime("%B %-d, %Y").to_string())
}

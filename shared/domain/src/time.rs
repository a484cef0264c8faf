//! Instants as callers write them: RFC 3339 with a zone, and not further away than the product promises to remember.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::limits::SCHEDULE_DAYS_MAX;

/// Why a text is no time to send at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScheduleTimeError {
    /// Not RFC 3339, a day or second that does not exist, or no zone.
    #[error("must be an RFC 3339 time with a zone, such as 2026-12-31T10:00:00Z")]
    Malformed,
    /// More than a year ahead.
    #[error("is more than {SCHEDULE_DAYS_MAX} days ahead")]
    TooFar,
}

/// Reads a time to send at. A time that has passed is due now: the message leaves at once.
pub fn parse_schedule_time(text: &str, now: Timestamp) -> Result<Timestamp, ScheduleTimeError> {
    let digits_of_second = text.get(17..19);
    let at: Timestamp = text.parse().map_err(|_text| ScheduleTimeError::Malformed)?;
    // A leap second is no time that a minute-wise schedule can name; a reader that rounds it silently moves a message.
    if digits_of_second == Some("60") || !text.contains(['T', 't', ' ']) || text.contains('[') {
        return Err(ScheduleTimeError::Malformed);
    }
    if at > now + SignedDuration::from_hours(24 * SCHEDULE_DAYS_MAX) {
        return Err(ScheduleTimeError::TooFar);
    }
    Ok(Timestamp::from_microsecond(at.max(now).as_microsecond()).unwrap_or(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_do_not_exist_are_refused() {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        for (text, error) in [
            ("2026-12-31T10:00:00", ScheduleTimeError::Malformed),
            ("2027-02-30T10:00:00Z", ScheduleTimeError::Malformed),
            ("2026-12-31T10:00:60Z", ScheduleTimeError::Malformed),
            ("2026-12-31T25:00:00Z", ScheduleTimeError::Malformed),
            ("tomorrow", ScheduleTimeError::Malformed),
            ("", ScheduleTimeError::Malformed),
            ("9999-01-01T00:00:00Z", ScheduleTimeError::TooFar),
        ] {
            assert_eq!(parse_schedule_time(text, now), Err(error), "{text}");
        }
    }

    #[test]
    fn a_time_that_has_passed_is_due_now_and_zones_are_honoured() {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(parse_schedule_time("2024-12-31T10:00:00Z", now), Ok(now));
        let at = parse_schedule_time("2026-12-31T10:00:00+05:30", now).unwrap();
        assert_eq!(at, "2026-12-31T04:30:00Z".parse().unwrap());
    }
}

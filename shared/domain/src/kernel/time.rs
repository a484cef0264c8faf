//! Instants as callers write them: RFC 3339 with a zone, at most a year ahead.

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use crate::limits::SCHEDULE_DAYS_MAX;

/// Why a text is not a time to send at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScheduleTimeError {
    /// Not RFC 3339, a day or second that does not exist, or no zone.
    #[error("must be an RFC 3339 time with a zone, such as 2026-12-31T10:00:00Z")]
    Malformed,
    #[error("must be at most {SCHEDULE_DAYS_MAX} days ahead")]
    TooFar,
    /// What was promised until now cannot be changed.
    #[error("must not have passed")]
    Passed,
}

/// A text is not an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be an RFC 3339 time with a zone, such as 2026-12-31T10:00:00Z")]
pub struct NotAnInstant;

/// Reads an instant that something is searched by.
pub fn parse_instant(text: &str) -> Result<Timestamp, NotAnInstant> {
    if !is_rfc3339(text) {
        return Err(NotAnInstant);
    }
    text.parse().map_err(|_text| NotAnInstant)
}

/// Reads a time to send at. A time that has passed becomes `now`: the message is sent at once.
pub fn parse_schedule_time(text: &str, now: Timestamp) -> Result<Timestamp, ScheduleTimeError> {
    Ok(in_microseconds(parse(text, now)?.max(now)))
}

/// Reads a time from which something is to hold.
pub fn parse_start_time(text: &str, now: Timestamp) -> Result<Timestamp, ScheduleTimeError> {
    let at = parse(text, now)?;
    if at < now { Err(ScheduleTimeError::Passed) } else { Ok(in_microseconds(at)) }
}

fn parse(text: &str, now: Timestamp) -> Result<Timestamp, ScheduleTimeError> {
    // The parser would round a leap second without an error, which moves the message.
    if !is_rfc3339(text) || text.get(17..19) == Some("60") {
        return Err(ScheduleTimeError::Malformed);
    }
    let at: Timestamp = text.parse().map_err(|_text| ScheduleTimeError::Malformed)?;
    if at > now + SignedDuration::from_hours(24 * SCHEDULE_DAYS_MAX) {
        return Err(ScheduleTimeError::TooFar);
    }
    Ok(at)
}

/// As Postgres stores it.
fn in_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// Whether a text has the form of RFC 3339, section 5.6. The parser accepts all of ISO 8601, which also writes
/// seconds in other ways.
fn is_rfc3339(text: &str) -> bool {
    const SHAPE: &str = "0000-00-00T00:00:00";
    let Some((start, rest)) = text.split_at_checked(SHAPE.len()) else { return false };
    let zone = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    has_shape(start, SHAPE) && ["Z", "+00:00", "-00:00"].into_iter().any(|shape| has_shape(zone, shape))
}

/// Digits where the shape has 0, one of the separators that RFC 3339 allows where it has T.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, place)| match place {
            b'0' => byte.is_ascii_digit(),
            b'T' => matches!(byte, b'T' | b't' | b' '),
            other => byte.eq_ignore_ascii_case(&other),
        })
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
            ("20261231T235960Z", ScheduleTimeError::Malformed),
            ("2026-12-31T10:00Z", ScheduleTimeError::Malformed),
            ("2026-12-31T10:00:00.5", ScheduleTimeError::Malformed),
            ("2026-12-31T10:00:00+0530", ScheduleTimeError::Malformed),
            ("2026-12-31T10:00:00Z[UTC]", ScheduleTimeError::Malformed),
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
        let at = parse_schedule_time("2026-12-31t10:00:00.250z", now).unwrap();
        assert_eq!(at, "2026-12-31T10:00:00.25Z".parse().unwrap());
    }
}

//! Calendar months in UTC, by which messages are counted and statements are made.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use thiserror::Error;

/// A month in UTC, such as 2026-11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    first: Date,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be a month from 2000-01 to 9998-12, such as 2026-11")]
pub struct NotAMonth;

impl Month {
    /// The month of an instant.
    pub fn of(at: Timestamp) -> Self {
        Self { first: at.to_zoned(TimeZone::UTC).date().first_of_month() }
    }

    pub const fn first_day(self) -> Date {
        self.first
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        instant(self.first)
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        instant(self.first.last_of_month().tomorrow().unwrap_or(Date::MAX))
    }
}

/// The first instant of a day.
pub(super) fn instant(day: Date) -> Timestamp {
    TimeZone::UTC.to_timestamp(day.into()).unwrap_or(Timestamp::MAX)
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let is_shaped = text.len() == 7
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let first: Date = format!("{text}-01").parse().map_err(|_text| NotAMonth)?;
        let is_within = (date(2000, 1, 1)..date(9999, 1, 1)).contains(&first);
        if is_shaped && is_within { Ok(Self { first }) } else { Err(NotAMonth) }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.first.year(), self.first.month())
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_month_ends_where_the_next_one_starts() {
        for (text, start, end) in [
            ("2026-11", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("9998-12", "9998-12-01T00:00:00Z", "9999-01-01T00:00:00Z"),
        ] {
            let month: Month = text.parse().unwrap();
            assert_eq!((month.start(), month.end()), (start.parse().unwrap(), end.parse().unwrap()));
            assert_eq!(month.to_string(), text);
            let last = month.end() - SignedDuration::from_nanos(1);
            assert_eq!((Month::of(month.start()), Month::of(last)), (month, month));
        }
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "2026-1",
            "26-11",
            "2026-11-01",
            "2026-11-",
            "202611",
            "2026/11",
            "1999-12",
            "9999-01",
            "-026-11",
            "+026-11",
            " 2026-11",
            "2026-\u{661}1",
        ] {
            assert_eq!(text.parse::<Month>(), Err(NotAMonth), "{text:?}");
        }
    }
}

//! Days in UTC, by which what was charged is compared with what Meta says.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use thiserror::Error;

use super::month::instant;

/// A day in UTC, such as 2026-11-30.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be a day from 2000-01-01 to 9998-12-31, such as 2026-11-30")]
pub struct NotADay;

impl Day {
    /// Its first instant.
    pub fn start(self) -> Timestamp {
        instant(self.0)
    }

    /// The first instant after it.
    pub fn end(self) -> Timestamp {
        instant(self.0.tomorrow().unwrap_or(Date::MAX))
    }
}

impl FromStr for Day {
    type Err = NotADay;

    fn from_str(text: &str) -> Result<Self, NotADay> {
        let is_shaped = text.len() == 10
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        if !is_shaped {
            return Err(NotADay);
        }
        let day: Date = text.parse().map_err(|_text| NotADay)?;
        let is_within = (date(2000, 1, 1)..date(9999, 1, 1)).contains(&day);
        if is_within { Ok(Self(day)) } else { Err(NotADay) }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_one_starts() {
        for (text, start, end) in [
            ("2026-11-30", "2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"),
            ("2028-02-29", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
            ("9998-12-31", "9998-12-31T00:00:00Z", "9999-01-01T00:00:00Z"),
        ] {
            let day: Day = text.parse().unwrap();
            assert_eq!((day.start(), day.end()), (start.parse().unwrap(), end.parse().unwrap()));
            assert_eq!(day.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-11",
            "2026-13-01",
            "2026-02-29",
            "2026-11-31",
            "2026-11-00",
            "2026-1-1",
            "20261130",
            "2026/11/30",
            "2026-11-30T00:00:00Z",
            "1999-12-31",
            "9999-01-01",
            "-026-11-30",
            " 2026-11-3",
            "2026-11-3\u{661}",
        ] {
            assert_eq!(text.parse::<Day>(), Err(NotADay), "{text:?}");
        }
    }
}

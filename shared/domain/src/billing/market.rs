//! Meta's pricing markets: the price of a message depends on the country of its recipient's number.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use super::market_prefixes::PREFIXES;
use crate::PhoneNumber;

/// The market of numbers without a calling code of another market.
pub const OTHER: Market = Market("Other");

/// A pricing market by Meta's own name, such as `North America`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Market(&'static str);

impl Market {
    /// The market of a number at an instant: the one of the longest calling code that the number starts with.
    pub fn of(phone: &PhoneNumber, at: Timestamp) -> Self {
        let digits = phone.digits();
        PREFIXES
            .iter()
            .filter(|(prefix, ..)| digits.starts_with(prefix))
            .max_by_key(|(prefix, ..)| prefix.len())
            .map_or(OTHER, |(_, before, since)| Self(if at < nine_markets_split() { before } else { since }))
    }

    /// Every present and former market, for rate cards.
    pub fn all() -> Vec<Self> {
        let mut names: Vec<_> =
            PREFIXES.iter().flat_map(|(_, before, since)| [Self(before), Self(since)]).collect();
        names.push(OTHER);
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The market that Meta calls by this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|market| market.name() == name)
    }

    /// Meta's name of it.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// Midnight of 2026-10-01 in UTC, when nine countries became separate markets.
fn nine_markets_split() -> Timestamp {
    date(2026, 10, 1).to_zoned(TimeZone::UTC).map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market(number: &str, at: &str) -> &'static str {
        Market::of(&PhoneNumber::from_stored(number.to_owned()), at.parse().unwrap()).name()
    }

    #[test]
    fn the_longest_calling_code_decides() {
        assert_eq!(market("+15551234567", "2026-11-01T00:00:00Z"), "North America");
        assert_eq!(market("+18091234567", "2026-11-01T00:00:00Z"), "Rest of Latin America");
        assert_eq!(market("+919812345678", "2026-11-01T00:00:00Z"), "India");
        assert_eq!(market("+290123456", "2026-11-01T00:00:00Z"), "Other");
    }

    #[test]
    fn nine_countries_left_their_region_in_october_2026() {
        assert_eq!(market("+8801712345678", "2026-09-30T23:59:59Z"), "Rest of Asia Pacific");
        assert_eq!(market("+8801712345678", "2026-10-01T00:00:00Z"), "Bangladesh");
    }
}

//! The price of a message: Meta's rate for its market and category, plus the tenant's margin or that of its plan.
//!
//! The claim computes the same in SQL, inside the statement that debits (`store`, `claims::claim`); a property test of
//! `store` compares the two.

use jiff::Timestamp;

use super::Market;
use crate::{Category, Money, RateCardId};

/// Hundredths of a percent in the whole.
const WHOLE_BPS: i64 = 10_000;

/// A line of the rate card: what Meta charges from an instant on, until a later line of the same market and category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// `None` (`*` in the database) for every market without a line in force.
    pub market: Option<Market>,
    pub category: Category,
    pub effective_from: Timestamp,
    pub price: Money,
    /// The card that it came with.
    pub card_id: RateCardId,
}

/// What Meta charges at an instant: the market's own line before the line for every market, however old it is.
pub fn rate(card: &[Rate], market: Market, category: Category, at: Timestamp) -> Option<&Rate> {
    let in_force = |market| {
        card.iter()
            .filter(|line| line.market == market && line.category == category && line.effective_from <= at)
            .max_by_key(|line| line.effective_from)
    };
    in_force(Some(market)).or_else(|| in_force(None))
}

/// A margin in hundredths of a percent of a rate, rounded up to a whole micro-unit. Neither may be negative.
pub fn margin(rate: Money, margin_bps: i32) -> Option<Money> {
    let micros = rate.micros().checked_mul(i64::from(margin_bps))?.checked_add(WHOLE_BPS - 1)? / WHOLE_BPS;
    Some(Money::from_micros(micros))
}

/// The rate plus its margin. `None` when it exceeds what an amount can hold, where the claim fails.
pub fn price(rate: Money, margin_bps: i32) -> Option<Money> {
    rate.checked_add(margin(rate, margin_bps)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(rate: i64, margin_bps: i32) -> Option<i64> {
        price(Money::from_micros(rate), margin_bps).map(Money::micros)
    }

    #[test]
    fn the_margin_is_rounded_up_to_a_whole_micro_unit() {
        assert_eq!(micros(10_000, 2_000), Some(12_000));
        assert_eq!(micros(10_000, 0), Some(10_000));
        assert_eq!(micros(1, 1), Some(2));
        assert_eq!(micros(33_333, 1_500), Some(33_333 + 5_000));
        assert_eq!(micros(0, 2_000), Some(0));
    }

    #[test]
    fn a_price_beyond_what_an_amount_can_hold_does_not_exist() {
        assert_eq!(micros(i64::MAX, 0), Some(i64::MAX));
        assert_eq!(micros(i64::MAX / 100_000 + 1, 100_000), None, "before the division");
        assert_eq!(micros(i64::MAX - 10_000, 1), None, "in the sum");
    }

    #[test]
    fn the_latest_line_of_the_market_that_has_started_counts_and_then_the_one_for_every_market() {
        let (india, other) = (Market::named("India").unwrap(), Market::named("Other").unwrap());
        let day = |day: &str| format!("2026-11-{day}T00:00:00Z").parse::<Timestamp>().unwrap();
        let line = |market, start: &str, micros| Rate {
            market,
            category: Category::Utility,
            effective_from: day(start),
            price: Money::from_micros(micros),
            card_id: RateCardId::at(day("01")),
        };
        let card = [
            line(Some(india), "03", 30),
            line(Some(india), "01", 10),
            line(None, "02", 20),
            line(None, "04", 40),
        ];
        let at = |market, start: &str| {
            rate(&card, market, Category::Utility, day(start)).map(|rate| rate.price.micros())
        };
        assert_eq!(at(india, "01"), Some(10));
        assert_eq!(at(india, "02"), Some(10), "its own line, although the other is newer");
        assert_eq!(at(india, "03"), Some(30), "from its first instant on");
        assert_eq!(at(other, "01"), None);
        assert_eq!(at(other, "04"), Some(40));
        assert_eq!(rate(&card, india, Category::Marketing, day("04")), None);
    }
}

//! A rate card as it is written, its mistakes, and what it changes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::price::{Rate, rate};
use super::{Market, market};
use crate::kernel::page::PagePosition;
use crate::limits::{RATE_CARD_MISTAKES_MAX, RATE_MAX};
use crate::problem::FieldError;
use crate::{Category, Money, RateCardId};

/// The only currency of prices.
pub const CURRENCY: &str = "USD";
/// How Meta's older files spell it.
const CURRENCY_BEFORE: &str = "$US";
/// What stands in a file where a market has no price.
const NO_PRICE: &str = "n/a";

impl PagePosition for RateCardId {
    const LIST: &'static str = "rate-cards";
    const START: Self = Self(uuid::Uuid::max());
}

/// A value as it was written, and how an answer names its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Such as `prices[3].utility` or `line 7: Utility`.
    pub field: String,
    pub text: String,
}

/// A market with its prices, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRow {
    pub market: Cell,
    pub currency: Option<Cell>,
    /// Prices of a category, and prices that are only checked.
    pub prices: Vec<(Option<Category>, Cell)>,
}

/// One price of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardLine {
    /// `None` for every market without a price of its own.
    pub market: Option<Market>,
    pub category: Category,
    pub price: Money,
    /// Where it was written.
    pub field: String,
}

/// The prices of a card, or its mistakes. What `Other` costs, every market without a price of its own costs too.
pub fn read_rows(rows: &[WrittenRow]) -> Result<Vec<CardLine>, Vec<FieldError>> {
    let (mut lines, mut wrong, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for row in rows {
        let market = read_market(&row.market, &mut seen, &mut wrong);
        if let Some(cell) = &row.currency
            && ![CURRENCY, CURRENCY_BEFORE].contains(&cell.text.trim())
        {
            wrong.push(FieldError::new(&cell.field, format!("must be {CURRENCY}")));
        }
        for (category, cell) in &row.prices {
            let price = read_price(&cell.text).unwrap_or_else(|why| {
                wrong.push(FieldError::new(&cell.field, why));
                None
            });
            if let (Some(market), Some(category), Some(price)) = (market, *category, price) {
                let line = CardLine { market: Some(market), category, price, field: cell.field.clone() };
                let for_every_other =
                    (market == market::OTHER).then(|| CardLine { market: None, ..line.clone() });
                lines.extend([Some(line), for_every_other].into_iter().flatten());
            }
        }
    }
    if wrong.is_empty() && lines.is_empty() {
        wrong.push(FieldError::new("prices", "must hold at least one price"));
    }
    if wrong.is_empty() { Ok(lines) } else { Err(first_mistakes(wrong)) }
}

/// As many as an answer names, and how many more there are.
pub fn first_mistakes(mut wrong: Vec<FieldError>) -> Vec<FieldError> {
    let more = wrong.len().saturating_sub(RATE_CARD_MISTAKES_MAX);
    if more > 0 {
        wrong.truncate(RATE_CARD_MISTAKES_MAX);
        wrong.push(FieldError::new("prices", format!("has {more} more mistakes")));
    }
    wrong
}

fn read_market(cell: &Cell, seen: &mut BTreeSet<Market>, wrong: &mut Vec<FieldError>) -> Option<Market> {
    let Some(market) = Market::named(cell.text.trim()) else {
        wrong.push(FieldError::new(&cell.field, "is not one of Meta's markets"));
        return None;
    };
    if !seen.insert(market) {
        wrong.push(FieldError::new(&cell.field, format!("names {market} again; each market has one row")));
    }
    Some(market)
}

/// A price, nothing where none is meant, or what is wrong with it.
fn read_price(text: &str) -> Result<Option<Money>, String> {
    let text = text.trim();
    if text.is_empty() || text.eq_ignore_ascii_case(NO_PRICE) {
        return Ok(None);
    }
    if text.starts_with(['=', '+', '@']) {
        return Err("must be a number, not a formula".to_owned());
    }
    if text.contains(',') {
        return Err("must be written with a decimal point, such as 0.0118".to_owned());
    }
    let price: Money = text.parse().map_err(|why| format!("{why}"))?;
    if price.micros() < 0 {
        return Err("must not be negative".to_owned());
    }
    if price > RATE_MAX {
        return Err(format!("must be at most {RATE_MAX}"));
    }
    Ok(Some(price))
}

/// What a message of a market and category costs before a card and with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceChange {
    pub market: Market,
    pub category: Category,
    /// Absent when it had no price.
    pub before: Option<Money>,
    pub after: Money,
}

/// The prices that are others from `from` on, when `lines` are added to `card`. The lines of `card` begin before.
pub fn changes(card: &[Rate], lines: &[CardLine], from: Timestamp) -> Vec<PriceChange> {
    let added = lines.iter().map(|line| Rate {
        market: line.market,
        category: line.category,
        effective_from: from,
        price: line.price,
        card_id: RateCardId::first_of(from),
    });
    let with_them: Vec<Rate> = card.iter().copied().chain(added).collect();
    let mut changes = Vec::new();
    for market in Market::all() {
        for category in Category::ALL {
            let price = |card| rate(card, market, category, from).map(|rate: &Rate| rate.price);
            let before = price(card);
            match price(&with_them) {
                Some(after) if before != Some(after) => {
                    changes.push(PriceChange { market, category, before, after });
                }
                Some(_) | None => {}
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(market: &str, currency: &str, utility: &str) -> WrittenRow {
        let cell = |name: &str, text: &str| Cell { field: format!("{market} {name}"), text: text.to_owned() };
        WrittenRow {
            market: cell("market", market),
            currency: Some(cell("currency", currency)),
            prices: vec![(Some(Category::Utility), cell("utility", utility)), (None, cell("service", "n/a"))],
        }
    }

    fn mistakes(rows: &[WrittenRow]) -> Vec<String> {
        read_rows(rows).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_other_costs_every_market_without_a_price_costs() {
        let lines = read_rows(&[row("India", "USD", " 0.0014"), row("Other", "$US", "0.0077")]).unwrap();
        let priced: Vec<_> =
            lines.iter().map(|line| (line.market.map(Market::name), line.price.micros())).collect();
        assert_eq!(priced, [(Some("India"), 1_400), (Some("Other"), 7_700), (None, 7_700)]);
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let rows = [
            row("India", "USD", "0,0014"),
            row("Atlantis", "EUR", "0.1"),
            row("India", "USD", "=1+1"),
            row("Brazil", "USD", "-0.01"),
            row("Chile", "USD", "0.0000001"),
            row("Peru", "USD", "101"),
            row("Egypt", "USD", "1e2"),
        ];
        assert_eq!(
            mistakes(&rows),
            [
                "India utility must be written with a decimal point, such as 0.0118",
                "Atlantis market is not one of Meta's markets",
                "Atlantis currency must be USD",
                "India market names India again; each market has one row",
                "India utility must be a number, not a formula",
                "Brazil utility must not be negative",
                "Chile utility must have at most 6 decimals",
                "Peru utility must be at most 100.00",
                "Egypt utility must be a plain decimal number such as 100.00",
            ]
        );
        assert_eq!(mistakes(&[row("India", "USD", "N/A")]), ["prices must hold at least one price"]);
    }

    #[test]
    fn an_answer_names_so_many_mistakes_and_counts_the_rest() {
        let rows = vec![row("Atlantis", "USD", "1"); RATE_CARD_MISTAKES_MAX + 7];
        let named = mistakes(&rows);
        assert_eq!(named.len(), RATE_CARD_MISTAKES_MAX + 1);
        assert_eq!(named.last().map(String::as_str), Some("prices has 7 more mistakes"));
    }

    #[test]
    fn a_price_of_every_other_market_changes_those_without_one_alone() {
        let from: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        let line = |market, micros| Rate {
            market,
            category: Category::Utility,
            effective_from: Timestamp::UNIX_EPOCH,
            price: Money::from_micros(micros),
            card_id: RateCardId::at(Timestamp::UNIX_EPOCH),
        };
        let card = [line(Market::named("India"), 10), line(None, 20)];
        let lines = read_rows(&[row("Other", "USD", "0.00003")]).unwrap();
        let changed = changes(&card, &lines, from);
        assert_eq!(changed.len(), Market::all().len() - 1);
        assert!(changed.iter().all(|change| change.market.name() != "India"));
        assert!(
            changed.iter().all(|change| (change.before, change.after)
                == (Some(Money::from_micros(20)), Money::from_micros(30)))
        );
        assert!(changes(&card, &read_rows(&[row("Other", "USD", "0.00002")]).unwrap(), from).is_empty());
    }
}

//! Rate cards: Meta's prices by market and category, from a time on. Prices are added and never changed.

use domain::billing::rate_card::CardLine;
use domain::billing::{PriceChange, Rate};
use domain::{Category, Market, Money, RateCardId};
use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::kernel::error::StoreError;
use crate::kernel::row::word;
use crate::kernel::tx::{SystemTx, Tx, params};

/// The market of the prices of every market without a price of its own.
const EVERY_OTHER: &str = "*";
/// Unsent messages that are looked at to find those that a new price is for.
const LOOKED_AT_MAX: i64 = 50_000;

/// Prices that were applied together, and where they come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCard {
    pub card_id: RateCardId,
    /// Unique, such as `Meta 2026-10-01`.
    pub name: String,
    pub source: String,
    pub effective_from: Timestamp,
    pub applied_at: Timestamp,
    /// As in the audit log.
    pub applied_by: String,
}

/// A price of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPrice {
    pub card_id: RateCardId,
    /// `*` for every market without a price of its own.
    pub market: String,
    /// A category of templates, or `SERVICE`.
    pub category: String,
    pub price: Money,
    pub state: PriceState,
}

/// Where a price stands in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceState {
    Planned,
    InForce,
    /// A later one of its market and category has begun.
    Replaced,
}

/// What of the messages that wait is for a market and category with a new price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub tenants: i64,
    pub messages: i64,
    /// Whether there were more messages than are looked at, so that there may be more of both.
    pub is_partial: bool,
}

/// The unique constraint on a card's name.
pub const NAME_TAKEN: &str = "rate_card_headers_name_key";

pub(crate) const STATEMENTS: &[&str] =
    &[LIST, PRICES, NAMED, IN_FORCE, LAST_STARTS, LOCK, INSERT, INSERT_PRICES, TOUCHED];

const LIST: &str = "-- rate_cards::list
SELECT card_id, name, source, effective_from, applied_at, applied_by FROM rate_card_headers
 WHERE card_id < $1 ORDER BY card_id DESC LIMIT $2";

/// Cards that were applied before `before`, newest first.
pub async fn list(tx: &Tx, before: Uuid, limit: i64) -> Result<Vec<RateCard>, StoreError> {
    let rows = tx.rows(LIST, params![before => UUID, limit => INT8]).await?;
    Ok(rows.iter().map(card_of).collect())
}

const PRICES: &str = "-- rate_cards::prices
SELECT r.card_id, r.market, r.category, r.price, r.effective_from > $2 AS is_planned,
       EXISTS (SELECT FROM rate_cards later WHERE later.market = r.market AND later.category = r.category
                  AND later.effective_from > r.effective_from AND later.effective_from <= $2) AS is_replaced
  FROM rate_cards r WHERE r.card_id = ANY ($1) ORDER BY r.market, r.category";

/// The prices of these cards, by market and category.
pub async fn prices(tx: &Tx, cards: &[RateCardId], now: Timestamp) -> Result<Vec<ListedPrice>, StoreError> {
    let ids: Vec<Uuid> = cards.iter().map(|card| card.0).collect();
    let rows = tx.rows(PRICES, params![ids => UUID_ARRAY, now => TIMESTAMPTZ]).await?;
    let price = |row: &Row| ListedPrice {
        card_id: RateCardId(row.get("card_id")),
        market: row.get("market"),
        category: row.get("category"),
        price: Money::from_micros(row.get("price")),
        state: match (row.get("is_planned"), row.get("is_replaced")) {
            (true, _) => PriceState::Planned,
            (false, true) => PriceState::Replaced,
            (false, false) => PriceState::InForce,
        },
    };
    Ok(rows.iter().map(price).collect())
}

const NAMED: &str = "-- rate_cards::named
SELECT card_id, name, source, effective_from, applied_at, applied_by FROM rate_card_headers WHERE card_id = ANY ($1)";

/// These cards.
pub async fn named(tx: &Tx, cards: &[RateCardId]) -> Result<Vec<RateCard>, StoreError> {
    let ids: Vec<Uuid> = cards.iter().map(|card| card.0).collect();
    Ok(tx.rows(NAMED, params![ids => UUID_ARRAY]).await?.iter().map(card_of).collect())
}

const IN_FORCE: &str = "-- rate_cards::in_force
SELECT DISTINCT ON (market, category) market, category, effective_from, price, card_id FROM rate_cards
 WHERE effective_from <= $1 AND category = ANY ($2) ORDER BY market, category, effective_from DESC";

/// What Meta charges for templates at an instant: a line for each market and category that has one.
pub async fn in_force(tx: &Tx, at: Timestamp) -> Result<Vec<Rate>, StoreError> {
    let categories = Category::ALL.map(Category::as_str);
    let rows = tx.rows(IN_FORCE, params![at => TIMESTAMPTZ, &categories[..] => TEXT_ARRAY]).await?;
    let line = |row: &Row| {
        Ok(Rate {
            market: market_of(row)?,
            category: word(row, "rate_cards", "category")?,
            effective_from: row.get("effective_from"),
            price: Money::from_micros(row.get("price")),
            card_id: RateCardId(row.get("card_id")),
        })
    };
    rows.iter().map(line).collect()
}

const LAST_STARTS: &str = "-- rate_cards::last_starts
SELECT market, category, max(effective_from) AS last FROM rate_cards
 WHERE category = ANY ($1) GROUP BY market, category";

/// When the last price of each market and category begins or began.
pub async fn last_starts(tx: &SystemTx) -> Result<Vec<(Option<Market>, Category, Timestamp)>, StoreError> {
    let categories = Category::ALL.map(Category::as_str);
    let rows = tx.rows(LAST_STARTS, params![&categories[..] => TEXT_ARRAY]).await?;
    rows.iter()
        .map(|row| Ok((market_of(row)?, word(row, "rate_cards", "category")?, row.get("last"))))
        .collect()
}

const LOCK: &str = "-- rate_cards::lock
SELECT pg_advisory_xact_lock(hashtextextended('rate_cards', 0))";

/// Lets no other transaction add prices until this one ends.
pub async fn lock(tx: &SystemTx) -> Result<(), StoreError> {
    tx.rows(LOCK, params![]).await.map(drop)
}

const INSERT: &str = "-- rate_cards::insert
INSERT INTO rate_card_headers (card_id, name, source, effective_from, applied_at, applied_by)
VALUES ($1, $2, $3, $4, $5, $6)";

const INSERT_PRICES: &str = "-- rate_cards::insert_prices
INSERT INTO rate_cards (market, category, effective_from, price, card_id)
SELECT line.market, line.category, $4, line.price, $5
  FROM unnest($1::text[], $2::text[], $3::bigint[]) AS line (market, category, price)";

/// Adds a card with its prices; [`NAME_TAKEN`] refuses a second one of the same name.
pub async fn insert(tx: &SystemTx, card: &RateCard, lines: &[CardLine]) -> Result<(), StoreError> {
    let header = params![
        card.card_id.0 => UUID, card.name => TEXT, card.source => TEXT, card.effective_from => TIMESTAMPTZ,
        card.applied_at => TIMESTAMPTZ, card.applied_by => TEXT,
    ];
    tx.run_one(INSERT, header).await?;
    let markets: Vec<&str> = lines.iter().map(|line| line.market.map_or(EVERY_OTHER, Market::name)).collect();
    let categories: Vec<&str> = lines.iter().map(|line| line.category.as_str()).collect();
    let prices: Vec<i64> = lines.iter().map(|line| line.price.micros()).collect();
    let values = params![
        markets => TEXT_ARRAY, categories => TEXT_ARRAY, prices => INT8_ARRAY, card.effective_from => TIMESTAMPTZ,
        card.card_id.0 => UUID,
    ];
    tx.run(INSERT_PRICES, values).await.map(drop)
}

/// A held message goes when its hold is lifted, which may be after any time.
const TOUCHED: &str = "-- rate_cards::touched
WITH unsent AS MATERIALIZED (
    (SELECT tenant_id, message_id, due_at >= $1 AS is_later FROM due LIMIT $4)
     UNION ALL
    (SELECT tenant_id, message_id, true FROM held_messages LIMIT $4)),
changed AS MATERIALIZED (
    SELECT market || '/' || category AS key FROM unnest($2::text[], $3::text[]) AS c (market, category)),
touched AS MATERIALIZED (
    SELECT u.tenant_id FROM unsent u
      JOIN messages m ON m.tenant_id = u.tenant_id AND m.message_id = u.message_id
      LEFT JOIN templates t ON t.tenant_id = m.tenant_id AND t.template_id = m.template_id
     WHERE u.is_later AND m.market || '/' || coalesce(t.category, m.category) = ANY (ARRAY(SELECT key FROM changed)))
SELECT count(*) AS messages, count(DISTINCT tenant_id) AS tenants, (SELECT count(*) FROM unsent) >= $4 AS is_partial FROM touched";

/// Messages that wait to be sent at `from` or later, and that these changes are for.
pub async fn touched(tx: &SystemTx, changes: &[PriceChange], from: Timestamp) -> Result<Touched, StoreError> {
    let markets: Vec<&str> = changes.iter().map(|change| change.market.name()).collect();
    let categories: Vec<&str> = changes.iter().map(|change| change.category.as_str()).collect();
    let values = params![
        from => TIMESTAMPTZ, markets => TEXT_ARRAY, categories => TEXT_ARRAY, LOOKED_AT_MAX => INT8,
    ];
    let row = tx.row(TOUCHED, values).await?;
    Ok(row.map_or_else(Touched::default, |row| Touched {
        tenants: row.get("tenants"),
        messages: row.get("messages"),
        is_partial: row.get("is_partial"),
    }))
}

fn card_of(row: &Row) -> RateCard {
    RateCard {
        card_id: RateCardId(row.get("card_id")),
        name: row.get("name"),
        source: row.get("source"),
        effective_from: row.get("effective_from"),
        applied_at: row.get("applied_at"),
        applied_by: row.get("applied_by"),
    }
}

/// `None` is every market without a price of its own.
fn market_of(row: &Row) -> Result<Option<Market>, StoreError> {
    let name: &str = row.get("market");
    let unknown = || StoreError::Inconsistent { table: "rate_cards", what: format!("market {name}") };
    if name == EVERY_OTHER { Ok(None) } else { Market::named(name).ok_or_else(unknown).map(Some) }
}

//! Rate cards are shown, tried and applied by the platform's owner. What was charged before never changes.

use std::collections::BTreeMap;

use domain::billing::PriceChange;
use domain::billing::rate_card::{self, CardLine, WrittenRow, first_mistakes};
use domain::limits::{RATE_CARD_NAME_CHARS_MAX, RATE_CARD_SOURCE_CHARS_MAX};
use domain::problem::{FieldError, Kind};
use domain::time::parse_start_time;
use domain::{Category, Market, Problem, RateCardId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::billing::rate_cards;
pub use store::billing::rate_cards::{ListedPrice, PriceState, RateCard, Touched};
use store::{StoreError, SystemOperation, SystemTx};
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::fields;
use crate::kernel::idempotent::{Key, KeyError, once_in_system};
use crate::kernel::permit::SuperAdmin;
use crate::kernel::platform::Platform;

/// Price changes that the audit log names; it says how many there are.
const LOGGED_MAX: usize = 150;

/// A card as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCard {
    pub name: String,
    pub source: String,
    /// RFC 3339.
    pub effective_from: String,
    pub rows: Vec<WrittenRow>,
}

#[derive(Debug, Error)]
pub enum RateCardError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("a rate card of that name already exists")]
    NameTaken,
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for RateCardError {
    fn from(error: StoreError) -> Self {
        if error.is_constraint(rate_cards::NAME_TAKEN) { Self::NameTaken } else { Self::Store(error) }
    }
}

impl From<RateCardError> for Problem {
    fn from(error: RateCardError) -> Self {
        match error {
            RateCardError::Invalid(fields) => Self::invalid(fields),
            RateCardError::NameTaken => Self::new(Kind::Conflict).with_detail(error),
            RateCardError::Key(error) => error.into(),
            RateCardError::Store(error) => error.into(),
        }
    }
}

/// A card with its prices, by market and category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardWithPrices {
    pub card: RateCard,
    pub prices: Vec<ListedPrice>,
}

/// Cards that were applied before `before`, newest first.
pub async fn list_rate_cards(
    platform: &Platform,
    _permit: &SuperAdmin,
    before: Uuid,
    limit: i64,
) -> Result<Vec<CardWithPrices>, StoreError> {
    platform.store.perform_system(&platform.system(), &ListRateCards { before, limit }).await
}

struct ListRateCards {
    before: Uuid,
    limit: i64,
}

impl SystemOperation for ListRateCards {
    const NAME: &'static str = "list_rate_cards";
    type Done = Vec<CardWithPrices>;
    type Error = StoreError;

    async fn run(&self, tx: &SystemTx) -> Result<Self::Done, StoreError> {
        let cards = rate_cards::list(tx, self.before, self.limit).await?;
        let ids: Vec<RateCardId> = cards.iter().map(|card| card.card_id).collect();
        let mut by_card: BTreeMap<RateCardId, Vec<ListedPrice>> = BTreeMap::new();
        for price in rate_cards::prices(tx, &ids, tx.now()).await? {
            by_card.entry(price.card_id).or_default().push(price);
        }
        let with_prices = |card: RateCard| CardWithPrices {
            prices: by_card.remove(&card.card_id).unwrap_or_default(),
            card,
        };
        Ok(cards.into_iter().map(with_prices).collect())
    }
}

/// What applying a card would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub effective_from: Timestamp,
    pub changes: Vec<PriceChange>,
    pub touched: Touched,
}

/// A card that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    pub card_id: RateCardId,
    pub effective_from: Timestamp,
    pub applied_at: Timestamp,
    /// How many prices are others from then on.
    pub changed: usize,
}

/// What applying the card would change; nothing is written.
pub async fn preview_rate_card(
    platform: &Platform,
    permit: &SuperAdmin,
    card: NewCard,
) -> Result<Preview, RateCardError> {
    let card = card.check(platform.clock.now()).map_err(RateCardError::Invalid)?;
    platform.store.perform_system(&platform.system_act(permit), &PreviewRateCard { card }).await
}

/// Adds the card's prices, all or none.
pub async fn apply_rate_card(
    platform: &Platform,
    permit: &SuperAdmin,
    card: NewCard,
    key: Option<Key>,
) -> Result<Applied, RateCardError> {
    platform.store.perform_system(&platform.system_act(permit), &ApplyRateCard { card, key }).await
}

/// A card without a mistake of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Checked {
    name: String,
    source: String,
    effective_from: Timestamp,
    lines: Vec<CardLine>,
}

impl NewCard {
    fn check(&self, now: Timestamp) -> Result<Checked, Vec<FieldError>> {
        let name = fields::name_within("name", &self.name, RATE_CARD_NAME_CHARS_MAX);
        let source = fields::name_within("source", &self.source, RATE_CARD_SOURCE_CHARS_MAX);
        let from = parse_start_time(&self.effective_from, now)
            .map_err(|error| FieldError::new("effectiveFrom", error));
        match (name, source, from, rate_card::read_rows(&self.rows)) {
            (Ok(name), Ok(source), Ok(effective_from), Ok(lines)) => {
                Ok(Checked { name, source, effective_from, lines })
            }
            (name, source, from, lines) => {
                let of_head = [name.err(), source.err(), from.err()].into_iter().flatten();
                Err(of_head.chain(lines.err().into_iter().flatten()).collect())
            }
        }
    }
}

impl Checked {
    /// What it changes, or the prices that would begin no later than one that is there.
    async fn plan(&self, tx: &SystemTx) -> Result<Vec<PriceChange>, RateCardError> {
        let starts = rate_cards::last_starts(tx).await?;
        let starts: BTreeMap<(Option<Market>, Category), Timestamp> =
            starts.into_iter().map(|(market, category, last)| ((market, category), last)).collect();
        let backwards = self.lines.iter().filter_map(|line| {
            let last =
                starts.get(&(line.market, line.category)).filter(|last| **last >= self.effective_from)?;
            let what = line.market.map_or("of every market without one of its own", |_| "of this market");
            let why = format!("has a price {what} from {last} on already; name a later effectiveFrom");
            Some(FieldError::new(&line.field, why))
        });
        let backwards: Vec<FieldError> = backwards.collect();
        if !backwards.is_empty() {
            return Err(RateCardError::Invalid(first_mistakes(backwards)));
        }
        let before = rate_cards::in_force(tx, self.effective_from).await?;
        Ok(rate_card::changes(&before, &self.lines, self.effective_from))
    }
}

struct PreviewRateCard {
    card: Checked,
}

impl SystemOperation for PreviewRateCard {
    const NAME: &'static str = "preview_rate_card";
    type Done = Preview;
    type Error = RateCardError;

    async fn run(&self, tx: &SystemTx) -> Result<Preview, RateCardError> {
        let changes = self.card.plan(tx).await?;
        let touched = rate_cards::touched(tx, &changes, self.card.effective_from).await?;
        Ok(Preview { effective_from: self.card.effective_from, changes, touched })
    }
}

/// The card is checked behind its key: when it was applied before, its time may have passed since.
struct ApplyRateCard {
    card: NewCard,
    key: Option<Key>,
}

impl SystemOperation for ApplyRateCard {
    const NAME: &'static str = "apply_rate_card";
    type Done = Applied;
    type Error = RateCardError;

    async fn run(&self, tx: &SystemTx) -> Result<Applied, RateCardError> {
        once_in_system(tx, self.key.as_ref(), self.apply(tx)).await
    }
}

impl ApplyRateCard {
    async fn apply(&self, tx: &SystemTx) -> Result<Applied, RateCardError> {
        let checked = self.card.check(tx.now()).map_err(RateCardError::Invalid)?;
        rate_cards::lock(tx).await?;
        let changes = checked.plan(tx).await?;
        let Checked { name, source, effective_from, lines } = checked;
        let card = RateCard {
            card_id: RateCardId::at(tx.now()),
            name,
            source,
            effective_from,
            applied_at: tx.now(),
            applied_by: tx.actor().to_string(),
        };
        rate_cards::insert(tx, &card, &lines).await?;
        let logged = changes.iter().take(LOGGED_MAX).map(|change| {
            json!({
                "market": change.market.name(), "category": change.category, "before": change.before,
                "after": change.after,
            })
        });
        let detail = json!({
            "name": card.name, "source": card.source, "effectiveFrom": effective_from, "prices": lines.len(),
            "changed": changes.len(), "changes": logged.collect::<Vec<_>>(),
        });
        let entry = NewEntry::new("rate_card.apply", format!("rate_card:{}", card.card_id), detail);
        audit_log::append_of_platform(tx, &entry).await?;
        Ok(Applied {
            card_id: card.card_id,
            effective_from,
            applied_at: card.applied_at,
            changed: changes.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        let stored = r#"{"card_id":"0190163d-8694-7001-8000-000000000001","effective_from":"2027-01-01T00:00:00Z","applied_at":"2026-11-24T12:00:00Z","changed":3}"#;
        let applied: Applied = serde_json::from_str(stored).unwrap();
        assert_eq!(applied.changed, 3);
    }
}

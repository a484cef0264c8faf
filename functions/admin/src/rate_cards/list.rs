//! `GET /admin/rate-cards`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::{Money, RateCardId};
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::SuperAdmin;
use ops::billing::rate_cards::{CardWithPrices, ListedPrice, PriceState};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A rate card with its prices.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateCardOut {
    id: Uuid,
    #[schema(value_type = schema::RateCardTitle)]
    name: String,
    #[schema(value_type = schema::RateCardSource)]
    source: String,
    #[schema(value_type = schema::Time)]
    effective_from: Timestamp,
    #[schema(value_type = schema::Time)]
    applied_at: Timestamp,
    /// As in the audit log.
    applied_by: String,
    /// `IN_FORCE` while one of its prices is.
    #[schema(value_type = schema::PriceStateWord)]
    state: &'static str,
    /// By market and category.
    prices: Vec<PriceOut>,
}

/// Meta's price of a message to a market.
#[derive(Serialize, ToSchema)]
struct PriceOut {
    /// By Meta's name of it; `*` stands for every market without a price of its own.
    #[schema(example = "India")]
    market: String,
    #[schema(value_type = schema::PricedCategory)]
    category: String,
    #[schema(value_type = schema::Amount)]
    price: Money,
    #[schema(value_type = schema::PriceStateWord)]
    state: &'static str,
}

const fn word(state: PriceState) -> &'static str {
    match state {
        PriceState::Planned => "PLANNED",
        PriceState::InForce => "IN_FORCE",
        PriceState::Replaced => "REPLACED",
    }
}

impl From<&ListedPrice> for PriceOut {
    fn from(listed: &ListedPrice) -> Self {
        let ListedPrice { market, category, price, state, .. } = listed;
        Self { market: market.clone(), category: category.clone(), price: *price, state: word(*state) }
    }
}

impl From<&CardWithPrices> for RateCardOut {
    fn from(CardWithPrices { card, prices }: &CardWithPrices) -> Self {
        let has = |state| prices.iter().any(|price| price.state == state);
        let state = [PriceState::InForce, PriceState::Planned].into_iter().find(|state| has(*state));
        Self {
            id: card.card_id.0,
            name: card.name.clone(),
            source: card.source.clone(),
            effective_from: card.effective_from,
            applied_at: card.applied_at,
            applied_by: card.applied_by.clone(),
            state: word(state.unwrap_or(PriceState::Replaced)),
            prices: prices.iter().map(PriceOut::from).collect(),
        }
    }
}

/// Rate cards with their prices, newest first: what Meta charges now, did before and will later.
///
/// Needs the role `SUPER_ADMIN`. The price of a market and category is the one that began last.
#[utoipa::path(get, path = "/admin/rate-cards", operation_id = "listRateCards", tag = "admin", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<RateCardOut>),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    cursor: Cursor<RateCardId>,
) -> Result<Json<Page<RateCardOut>>, ProblemResponse> {
    let Cursor { before, limit } = cursor;
    let cards = ops::billing::rate_cards::list_rate_cards(&app.platform, &permit, before.0, limit).await?;
    Ok(Json(Page::of(&cards, limit, |row: &CardWithPrices| row.card.card_id)))
}

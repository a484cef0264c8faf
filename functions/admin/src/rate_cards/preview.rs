//! `POST /admin/rate-cards/preview`

use api::{Allowed, App, KeyedOrCsv, schema};
use axum::Json;
use axum::extract::State;
use domain::billing::PriceChange;
use domain::{Category, Money};
use http_kit::{ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::SuperAdmin;
use ops::billing::rate_cards::Preview;
use serde::Serialize;
use utoipa::ToSchema;

use crate::rate_cards::{CardQuery, NewRateCard};

/// What a rate card would change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreviewOut {
    /// Prices that are others from then on, by market and category.
    changes: Vec<PriceChangeOut>,
    /// Businesses with messages that wait to be sent at a changed price.
    tenants: i64,
    /// Messages that wait to be sent at a changed price.
    unsent_messages: i64,
    /// Whether there are more messages than are counted, so that both numbers may be larger.
    is_partial: bool,
}

/// A price before and after.
#[derive(Serialize, ToSchema)]
struct PriceChangeOut {
    #[schema(value_type = schema::MarketName)]
    market: &'static str,
    #[schema(value_type = schema::TemplateCategory)]
    category: Category,
    #[schema(value_type = schema::Time)]
    from: Timestamp,
    /// Absent when there was none.
    #[schema(value_type = Option<schema::Amount>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Money>,
    #[schema(value_type = schema::Amount)]
    after: Money,
}

impl From<Preview> for PreviewOut {
    fn from(Preview { effective_from, changes, touched }: Preview) -> Self {
        let change = |PriceChange { market, category, before, after }| PriceChangeOut {
            market: domain::Market::name(market),
            category,
            from: effective_from,
            before,
            after,
        };
        Self {
            changes: changes.into_iter().map(change).collect(),
            tenants: touched.tenants,
            unsent_messages: touched.messages,
            is_partial: touched.is_partial,
        }
    }
}

/// What a rate card would change, without applying it.
///
/// Needs the role `SUPER_ADMIN`. The card is JSON or CSV, as for applying it, and is refused for the same reasons.
#[utoipa::path(post, path = "/admin/rate-cards/preview", operation_id = "previewRateCard", tag = "admin", security(("bearer" = [])),
    params(CardQuery), request_body(content((NewRateCard = "application/json"), (String = "text/csv"))), responses(
    (status = 200, body = PreviewOut),
    (status = 403, body = ProblemBody),
    (status = 422, description = "Every line and field that is wrong is named", body = ProblemBody),
))]
pub(crate) async fn preview(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    KeyedOrCsv(card, _key): KeyedOrCsv<NewRateCard>,
) -> Result<Json<PreviewOut>, ProblemResponse> {
    let preview = ops::billing::rate_cards::preview_rate_card(&app.platform, &permit, card.into()).await?;
    Ok(Json(preview.into()))
}

//! `POST /admin/rate-cards`

use api::{Allowed, App, KeyedOrCsv, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::SuperAdmin;
use ops::billing::rate_cards::{Applied, NewCard};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::rate_cards::{CardQuery, NewRateCard};

/// A rate card that was applied.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppliedOut {
    id: Uuid,
    #[schema(value_type = schema::RateCardTitle)]
    name: String,
    #[schema(value_type = schema::Time)]
    effective_from: Timestamp,
    #[schema(value_type = schema::Time)]
    applied_at: Timestamp,
    /// How many prices of markets and categories are others from then on.
    changed: usize,
}

/// Applies a rate card: Meta's prices from a time on.
///
/// Needs the role `SUPER_ADMIN`. The card is JSON or CSV (`text/csv`, in the form of Meta's own file, with `name`, `source` and
/// `effectiveFrom` in the query). All of its prices are added or none; a price that was there stays, and one that is left out
/// or `n/a` goes on. It is refused when its time has passed or is not later than what is there. The columns
/// `Authentication-International` and `Service` are checked and not used.
#[utoipa::path(post, path = "/admin/rate-cards", operation_id = "applyRateCard", tag = "admin", security(("bearer" = [])),
    params(CardQuery, IdempotencyKey), request_body(content((NewRateCard = "application/json"), (String = "text/csv"))), responses(
    (status = 201, body = AppliedOut),
    (status = 403, body = ProblemBody),
    (status = 409, description = "A rate card of that name already exists, or the same request is still running", body = ProblemBody),
    (status = 422, description = "Every line and field that is wrong is named", body = ProblemBody),
))]
pub(crate) async fn apply(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    KeyedOrCsv(card, key): KeyedOrCsv<NewRateCard>,
) -> Result<(StatusCode, Json<AppliedOut>), ProblemResponse> {
    let card = NewCard::from(card);
    let name = card.name.trim().to_owned();
    let applied = ops::billing::rate_cards::apply_rate_card(&app.platform, &permit, card, key).await?;
    let Applied { card_id, effective_from, applied_at, changed } = applied;
    Ok((StatusCode::CREATED, Json(AppliedOut { id: card_id.0, name, effective_from, applied_at, changed })))
}

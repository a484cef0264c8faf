//! `GET /billing/balance`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::Money;
use http_kit::{ProblemBody, ProblemResponse};
use ops::Spender;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct BalanceOut {
    #[schema(value_type = f64, example = 99.99)]
    balance: Money,
}

/// The tenant's balance.
#[utoipa::path(get, path = "/billing/balance", tag = "billing", security(("bearer" = [])), responses(
    (status = 200, body = BalanceOut),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn balance(
    State(app): State<App>,
    Allowed(permit): Allowed<Spender>,
) -> Result<Json<BalanceOut>, ProblemResponse> {
    Ok(Json(BalanceOut { balance: ops::billing::read::balance(&app.platform, &permit).await? }))
}

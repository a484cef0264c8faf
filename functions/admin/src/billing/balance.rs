//! `GET /billing/balance`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::Money;
use http_kit::{ProblemBody, ProblemResponse};
use ops::BillingReader;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct BalanceOut {
    #[schema(value_type = schema::Amount)]
    balance: Money,
}

/// The tenant's balance.
///
/// What is left after every debit so far; a message is debited when it leaves, not when it is scheduled.
#[utoipa::path(get, path = "/billing/balance", operation_id = "getBalance", tag = "billing", security(("bearer" = ["billing:read"])), responses(
    (status = 200, body = BalanceOut),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn balance(
    State(app): State<App>,
    Allowed(permit): Allowed<BillingReader>,
) -> Result<Json<BalanceOut>, ProblemResponse> {
    Ok(Json(BalanceOut { balance: ops::billing::read::balance(&app.platform, &permit).await? }))
}

//! `GET` and `PUT /billing/low-balance`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::Money;
use http_kit::body::Body;
use http_kit::{ProblemBody, ProblemResponse};
use ops::billing::low_balance::Thresholds;
use ops::{BillingReader, BillingWriter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The amounts below which the owners get an e-mail.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LowBalance {
    /// At most five, in any order; none ends the warnings.
    #[schema(value_type = Vec<schema::Threshold>, max_items = 5)]
    thresholds: Vec<Money>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LowBalanceOut {
    /// The highest first.
    #[schema(value_type = Vec<schema::Amount>)]
    thresholds: Vec<Money>,
    /// The one that is warned of next; absent when the balance is below all of them.
    #[schema(value_type = Option<schema::Amount>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Money>,
}

impl From<Thresholds> for LowBalanceOut {
    fn from(thresholds: Thresholds) -> Self {
        let Thresholds { amounts, next } = thresholds;
        Self { thresholds: amounts, next }
    }
}

/// The amounts below which the owners are warned of the balance.
///
/// The highest first, with the one that is warned of next.
#[utoipa::path(get, path = "/billing/low-balance", operation_id = "getLowBalance", tag = "billing", security(("bearer" = ["billing:read"])), responses(
    (status = 200, body = LowBalanceOut),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn thresholds(
    State(app): State<App>,
    Allowed(permit): Allowed<BillingReader>,
) -> Result<Json<LowBalanceOut>, ProblemResponse> {
    Ok(Json(ops::billing::low_balance::thresholds(&app.platform, &permit).await?.into()))
}

/// Replaces the amounts below which the owners are warned of the balance.
///
/// When a debit takes what can be spent below one of them, the owners get an e-mail and the event `BalanceLow` is published:
/// once, and again only after a top-up or an adjustment has brought the balance back to it. Refunds do not count, because
/// messages that fail move the balance up and down. A debit that passes several amounts warns of the lowest. The same amounts
/// again change nothing.
#[utoipa::path(put, path = "/billing/low-balance", operation_id = "setLowBalance", tag = "billing", security(("bearer" = ["billing:write"])),
    request_body = LowBalance, responses(
    (status = 200, body = LowBalanceOut),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn set_thresholds(
    State(app): State<App>,
    Allowed(permit): Allowed<BillingWriter>,
    Body(request): Body<LowBalance>,
) -> Result<Json<LowBalanceOut>, ProblemResponse> {
    let set = ops::billing::low_balance::set_thresholds(&app.platform, &permit, request.thresholds);
    Ok(Json(set.await?.into()))
}

//! `POST /billing/adjustments`

use api::{Allowed, App, KeyRequired, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::billing::AdjustmentState;
use domain::{Money, TenantId};
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use ops::billing::adjustments::Correction;
use serde::Deserialize;
use utoipa::ToSchema;

use super::AdjustmentOut;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Adjust {
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    #[schema(value_type = schema::Correction)]
    amount: Money,
    #[schema(value_type = schema::CorrectionReason)]
    reason: String,
    /// The number of the entry that it corrects.
    #[schema(value_type = Option<schema::LedgerNumber>)]
    #[serde(default)]
    corrects_seq: Option<i64>,
    /// The same as the header `Idempotency-Key`; one of them is required.
    #[schema(value_type = Option<schema::KeyInBody>)]
    #[serde(default)]
    idempotency_key: Option<String>,
}

impl KeyedBody for Adjust {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

/// Corrects a tenant's ledger with an entry `ADJUSTMENT`.
///
/// Needs the role `SUPER_ADMIN`, and an idempotency key. Up to the platform's limit (100.00 unless it is configured otherwise) the
/// entry is booked at once. Above it nothing is booked yet: the answer is 202, and the adjustment waits seven days for another
/// super admin. One that takes money takes at most what the tenant can spend: not what is reserved.
#[utoipa::path(post, path = "/billing/adjustments", operation_id = "adjustLedger", tag = "billing", security(("bearer" = [])),
    request_body = Adjust, params(IdempotencyKey), responses(
    (status = 201, description = "It is booked", body = AdjustmentOut),
    (status = 202, description = "It waits for another super admin", body = AdjustmentOut),
    (status = 402, description = "The balance does not cover it", body = ProblemBody),
    (status = 403, body = ProblemBody),
    (status = 404, description = "There is no such tenant", body = ProblemBody),
    (status = 409, description = "The same request is still running", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn adjust(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    KeyRequired(request, key): KeyRequired<Adjust>,
) -> Result<(StatusCode, Json<AdjustmentOut>), ProblemResponse> {
    let Adjust { tenant_id, amount, reason, corrects_seq, idempotency_key: _ } = request;
    let correction = Correction { tenant: tenant_id, amount, reason, corrects_seq };
    let adjustment = ops::billing::adjustments::adjust(&app.platform, &permit, correction, key).await?;
    let is_booked = adjustment.state == AdjustmentState::Booked;
    let status = if is_booked { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    Ok((status, Json(AdjustmentOut::from(&adjustment))))
}

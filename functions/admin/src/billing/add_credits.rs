//! `POST /billing/add-credits`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use domain::{Money, TenantId};
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use ops::billing::add_credits::Credit;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct AddCredits {
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    #[schema(value_type = schema::Credit)]
    amount: Money,
    #[schema(value_type = Option<schema::CreditDescription>)]
    #[serde(default)]
    description: Option<String>,
    /// The same as the header `Idempotency-Key`. Without a key the same credit is booked once in ten minutes.
    #[schema(value_type = Option<schema::KeyInBody>)]
    #[serde(default)]
    idempotency_key: Option<String>,
}

impl KeyedBody for AddCredits {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreditOut {
    tenant_id: Uuid,
    #[schema(value_type = schema::LedgerNumber)]
    seq: i64,
    #[schema(value_type = schema::Amount)]
    amount: Money,
    #[schema(value_type = schema::Amount)]
    balance: Money,
}

/// Books credit for a tenant, once per key.
///
/// Needs the role `SUPER_ADMIN`. The same request with the same key is answered with the same entry and books nothing again.
/// Without a key a credit that repeats one of the last ten minutes (tenant, amount, description and who books it) is refused
/// with 409, and the answer names the entry; a key books another.
#[utoipa::path(post, path = "/billing/add-credits", operation_id = "addCredits", tag = "billing", security(("bearer" = [])), request_body = AddCredits,
    params(IdempotencyKey),
    responses(
        (status = 200, body = CreditOut),
        (status = 403, body = ProblemBody),
        (status = 404, description = "There is no such tenant", body = ProblemBody),
        (status = 409, description = "The same request is still running, or without a key it repeats an entry of the last ten minutes", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn add_credits(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    Keyed(request, key): Keyed<AddCredits>,
) -> Result<Json<CreditOut>, ProblemResponse> {
    let AddCredits { tenant_id, amount, description, idempotency_key: _ } = request;
    let credit = Credit { tenant: tenant_id, amount, description };
    let booked = ops::billing::add_credits::add_credits(&app.platform, &permit, credit, key).await?;
    Ok(Json(CreditOut { tenant_id: tenant_id.0, seq: booked.seq, amount, balance: booked.balance }))
}

//! `POST /admin/tenants/{id}/resend-invite`

use api::{Allowed, App, KeyRequired, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::TenantId;
use http_kit::{IdInPath, IdempotencyKey, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ResendInvite {
    /// Required here or in the header `Idempotency-Key`.
    #[schema(value_type = Option<schema::KeyInBody>)]
    #[serde(default)]
    idempotency_key: Option<String>,
}

impl KeyedBody for ResendInvite {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitedOut {
    tenant_id: Uuid,
    owner_id: Uuid,
    /// The address that the new link is sent to.
    owner_email: String,
}

/// Sends a tenant's owner a new link to choose a password.
///
/// Needs the role `SUPER_ADMIN`. The link before it ends.
#[utoipa::path(post, path = "/admin/tenants/{id}/resend-invite", operation_id = "resendInvite", tag = "admin", security(("bearer" = [])),
    request_body = ResendInvite, params(("id" = Uuid, Path), IdempotencyKey),
    responses(
        (status = 202, body = InvitedOut),
        (status = 403, body = ProblemBody),
        (status = 404, description = "There is no such tenant", body = ProblemBody),
        (status = 409, description = "The owner has chosen a password already", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn resend_invite(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(tenant): IdInPath<TenantId>,
    KeyRequired(_request, key): KeyRequired<ResendInvite>,
) -> Result<(StatusCode, Json<InvitedOut>), ProblemResponse> {
    let invited = ops::tenants::resend_invite::resend_invite(&app.platform, &permit, tenant, key).await?;
    let out =
        InvitedOut { tenant_id: tenant.0, owner_id: invited.owner_id.0, owner_email: invited.owner_email };
    Ok((StatusCode::ACCEPTED, Json(out)))
}

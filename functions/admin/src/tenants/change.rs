//! `PATCH /admin/tenants/{id}`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::TenantId;
use http_kit::body::Body;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::tenants::subscription::SubscriptionOut;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TenantChange {
    #[schema(value_type = schema::PlanName)]
    plan: String,
}

/// Puts a tenant on another plan, at once.
///
/// Needs the role `SUPER_ADMIN`. A smaller plan deletes nothing: what is beyond it stays, and nothing is added. Messages that
/// waited for the next month go as far as the new plan allows.
#[utoipa::path(patch, path = "/admin/tenants/{id}", operation_id = "changeTenant", tag = "admin", security(("bearer" = [])),
    request_body = TenantChange, params(("id" = Uuid, Path)), responses(
    (status = 200, body = SubscriptionOut),
    (status = 403, body = ProblemBody),
    (status = 404, description = "There is no such tenant", body = ProblemBody),
    (status = 422, description = "There is no such plan, or it is archived", body = ProblemBody),
))]
pub(crate) async fn change(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(tenant): IdInPath<TenantId>,
    Body(request): Body<TenantChange>,
) -> Result<Json<SubscriptionOut>, ProblemResponse> {
    let subscription =
        ops::tenants::subscription::change_tenant_plan(&app.platform, &permit, tenant, request.plan).await?;
    Ok(Json(subscription.into()))
}

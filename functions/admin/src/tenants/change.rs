//! `PATCH /admin/tenants/{id}`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::TenantId;
use http_kit::body::Body;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use ops::tenants::subscription::{Margin, TenantChange as Change};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::tenants::subscription::SubscriptionOut;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TenantChange {
    #[schema(value_type = Option<schema::PlanName>)]
    #[serde(default)]
    plan: Option<String>,
    /// A margin of the tenant's own, instead of its plan's; `null` for the plan's again.
    #[schema(value_type = Option<schema::MarginBps>)]
    #[serde(default, deserialize_with = "named")]
    margin_bps: Option<Margin>,
}

/// A member that is there, also when it is `null`.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Margin>, D::Error> {
    let margin: Option<i32> = Deserialize::deserialize(deserializer)?;
    Ok(Some(margin.map_or(Margin::OfPlan, Margin::Own)))
}

/// Changes a tenant's plan or its margin, at once.
///
/// Needs the role `SUPER_ADMIN`. A smaller plan deletes nothing: what is beyond it stays, and nothing is added. Messages that
/// waited for the next month go as far as the new plan allows. A margin holds for what is debited from now on.
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
    let change = Change { plan: request.plan, margin: request.margin_bps };
    let subscription =
        ops::tenants::subscription::change_tenant(&app.platform, &permit, tenant, change).await?;
    Ok(Json(subscription.into()))
}

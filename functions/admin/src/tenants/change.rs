//! `PATCH /admin/tenants/{id}`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::problem::FieldError;
use domain::{Problem, TenantId};
use http_kit::body::Body;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use ops::tenants::change::{Margin, TenantChange};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use crate::tenants::get::TenantOut;

/// What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ChangedTenant {
    #[schema(value_type = Option<schema::PlanName>)]
    #[serde(default)]
    plan: Option<String>,
    /// `reason` is needed with it. One of `mayBecome`.
    #[schema(value_type = Option<schema::TenantStateWord>)]
    #[serde(default)]
    state: Option<String>,
    #[schema(value_type = Option<schema::StateReason>)]
    #[serde(default)]
    reason: Option<String>,
    #[schema(value_type = Option<schema::BusinessName>)]
    #[serde(default)]
    name: Option<String>,
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

impl TryFrom<ChangedTenant> for TenantChange {
    type Error = Problem;

    fn try_from(request: ChangedTenant) -> Result<Self, Problem> {
        let ChangedTenant { plan, state, reason, name, margin_bps } = request;
        let state = state.map(|state| state.parse()).transpose();
        let state = state.map_err(|error| Problem::invalid(vec![FieldError::new("state", error)]))?;
        Ok(Self { plan, state, reason, name, margin: margin_bps })
    }
}

/// Changes a business's plan, state, name or margin, at once and together.
///
/// Needs the role `SUPER_ADMIN`. What is so already stays as it is, so a call can be repeated. A smaller plan deletes nothing:
/// what is beyond it stays, and nothing is added. Messages that waited for the next month go as far as the new plan allows.
/// A margin holds for what is debited from now on.
///
/// In the states `SUSPENDED` and `CLOSED` it can be read, and changes and sends nothing: what is due waits, refunds are paid,
/// and what waits goes when the state is `ACTIVE` or `GRACE` again. `GRACE` is followed by `SUSPENDED` after 7 days. `CLOSED` is
/// followed by `ERASED` after 30 days, and from the beginning of the erasure on nothing brings the tenant back. Its owners get
/// an e-mail with the reason.
#[utoipa::path(patch, path = "/admin/tenants/{id}", operation_id = "changeTenant", tag = "admin", security(("bearer" = [])),
    request_body = ChangedTenant, params(("id" = Uuid, Path)), responses(
    (status = 200, body = TenantOut),
    (status = 403, body = ProblemBody),
    (status = 404, description = "There is no such tenant", body = ProblemBody),
    (status = 409, description = "The state does not follow the one that the tenant is in", body = ProblemBody),
    (status = 422, description = "There is no such plan, or it is archived, or another field is wrong", body = ProblemBody),
))]
pub(crate) async fn change(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(tenant): IdInPath<TenantId>,
    Body(request): Body<ChangedTenant>,
) -> Result<Json<TenantOut>, ProblemResponse> {
    let change = request.try_into()?;
    let details = ops::tenants::change::change_tenant(&app.platform, &permit, tenant, change).await?;
    Ok(Json(details.into()))
}

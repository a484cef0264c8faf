//! `PATCH /plans/{id}`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::{Money, PlanId};
use http_kit::body::Body;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::plans::PlanOut;

/// What changes; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PlanChange {
    /// From when a new price, limit or margin holds; needed with each of them.
    #[schema(value_type = Option<schema::StartTime>)]
    #[serde(default)]
    from: Option<String>,
    /// Of a month.
    #[schema(value_type = Option<schema::Price>)]
    #[serde(default)]
    monthly_price: Option<Money>,
    #[schema(value_type = Option<schema::PlanLimit>)]
    #[serde(default)]
    messages_per_month: Option<i64>,
    #[schema(value_type = Option<schema::PlanLimit>)]
    #[serde(default)]
    contacts: Option<i64>,
    #[schema(value_type = Option<schema::PlanLimit>)]
    #[serde(default)]
    templates: Option<i64>,
    #[schema(value_type = Option<schema::PlanLimit>)]
    #[serde(default)]
    phone_numbers: Option<i64>,
    #[schema(value_type = Option<schema::PlanLimit>)]
    #[serde(default)]
    users: Option<i64>,
    #[schema(value_type = Option<schema::PlanLimit>)]
    #[serde(default)]
    requests_per_minute: Option<i64>,
    #[schema(value_type = Option<schema::MarginBps>)]
    #[serde(default)]
    margin_bps: Option<i32>,
    /// `true` archives the plan at once: it takes no new tenants. `false` offers it again.
    #[serde(default)]
    is_archived: Option<bool>,
}

impl From<PlanChange> for ops::tenants::plans::change::PlanChange {
    fn from(request: PlanChange) -> Self {
        Self {
            from: request.from,
            monthly_price: request.monthly_price,
            messages_per_month: request.messages_per_month,
            contacts_max: request.contacts,
            templates_max: request.templates,
            phone_numbers_max: request.phone_numbers,
            users_max: request.users,
            requests_per_minute: request.requests_per_minute,
            margin_bps: request.margin_bps,
            is_archived: request.is_archived,
        }
    }
}

/// Changes a plan from a time on, or archives it.
///
/// Needs the role `SUPER_ADMIN`. Who has the plan keeps what was promised until `from`. Changes follow one another: `from` is
/// later than that of every change before.
#[utoipa::path(patch, path = "/plans/{id}", operation_id = "changePlan", tag = "admin", security(("bearer" = [])),
    request_body = PlanChange, params(("id" = Uuid, Path)), responses(
    (status = 200, body = PlanOut),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "Terms of this plan from that time on or a later one are there already", body = ProblemBody),
    (status = 422, description = "Not valid, or Starter is to be archived", body = ProblemBody),
))]
pub(crate) async fn change(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(plan): IdInPath<PlanId>,
    Body(request): Body<PlanChange>,
) -> Result<Json<PlanOut>, ProblemResponse> {
    let plan = ops::tenants::plans::change::change_plan(&app.platform, &permit, plan, request.into()).await?;
    Ok(Json(plan.into()))
}

//! `POST /plans`

use api::{Allowed, App, Keyed, KeyedBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::SuperAdmin;

use crate::plans::{NewPlan, PlanOut};

impl KeyedBody for NewPlan {}

impl From<NewPlan> for ops::tenants::plans::NewPlan {
    fn from(request: NewPlan) -> Self {
        Self {
            name: request.name,
            monthly_price: request.monthly_price,
            messages_per_month: request.messages_per_month,
            contacts_max: request.contacts,
            templates_max: request.templates,
            phone_numbers_max: request.phone_numbers,
            users_max: request.users,
            requests_per_minute: request.requests_per_minute,
            margin_bps: request.margin_bps,
        }
    }
}

/// Creates a plan.
///
/// Needs the role `SUPER_ADMIN`. A tenant is put on a plan by its name when it is created.
#[utoipa::path(post, path = "/plans", operation_id = "createPlan", tag = "admin", security(("bearer" = [])), request_body = NewPlan,
    params(IdempotencyKey), responses(
    (status = 201, body = PlanOut),
    (status = 403, body = ProblemBody),
    (status = 409, description = "A plan of that name already exists", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    Keyed(request, key): Keyed<NewPlan>,
) -> Result<(StatusCode, Json<PlanOut>), ProblemResponse> {
    let plan = ops::tenants::plans::create_plan(&app.platform, &permit, request.into(), key).await?;
    Ok((StatusCode::CREATED, Json(plan.into())))
}

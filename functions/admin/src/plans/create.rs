//! `POST /plans`

use api::{Allowed, App, Keyed, KeyedBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::SuperAdmin;

use crate::plans::{NewPlan, PlanOut};

impl KeyedBody for NewPlan {}

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

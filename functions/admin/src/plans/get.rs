//! `GET /plans/{id}`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::problem::Kind;
use domain::{PlanId, Problem};
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::PlanReader;

use crate::plans::PlanOut;

/// One plan, with the terms that are planned.
///
/// Also one that is archived: tenants that have it keep it.
#[utoipa::path(get, path = "/plans/{id}", operation_id = "getPlan", tag = "admin", security(("bearer" = ["tenant:read"])),
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = PlanOut),
    (status = 401, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub(crate) async fn get(
    State(app): State<App>,
    Allowed(permit): Allowed<PlanReader>,
    IdInPath(plan): IdInPath<PlanId>,
) -> Result<Json<PlanOut>, ProblemResponse> {
    let plan = ops::tenants::plans::find_plan(&app.platform, &permit, plan).await?;
    Ok(Json(plan.ok_or_else(|| Problem::new(Kind::NotFound))?.into()))
}

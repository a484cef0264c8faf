//! `GET /plans`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use http_kit::{ProblemBody, ProblemResponse};
use ops::PlanReader;

use crate::plans::PlanOut;

/// Every plan, cheapest first.
///
/// All plans in one answer; there are few. Those that are archived are among them.
#[utoipa::path(get, path = "/plans", operation_id = "listPlans", tag = "admin", security(("bearer" = ["tenant:read"])), responses(
    (status = 200, body = [PlanOut]),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<PlanReader>,
) -> Result<Json<Vec<PlanOut>>, ProblemResponse> {
    let plans = ops::tenants::plans::list_plans(&app.platform, &permit).await?;
    Ok(Json(plans.into_iter().map(PlanOut::from).collect()))
}

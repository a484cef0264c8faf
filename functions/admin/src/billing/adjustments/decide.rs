//! `POST /admin/adjustments/{id}/approve` and `/reject`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::AdjustmentId;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use ops::billing::adjustments;

use super::AdjustmentOut;

/// Books an adjustment that another super admin asked for.
///
/// Needs the role `SUPER_ADMIN`, and another person than the one who asked for it. However often it is approved it is booked
/// once; then the answer is the same. The balance must cover it now.
#[utoipa::path(post, path = "/admin/adjustments/{id}/approve", operation_id = "approveAdjustment", tag = "admin", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = AdjustmentOut),
    (status = 402, description = "The balance does not cover it", body = ProblemBody),
    (status = 403, description = "Not a super admin, or the one who asked for it", body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "It was rejected, or not decided in time", body = ProblemBody),
))]
pub(crate) async fn approve(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(id): IdInPath<AdjustmentId>,
) -> Result<Json<AdjustmentOut>, ProblemResponse> {
    let adjustment = adjustments::approve(&app.platform, &permit, id).await?;
    Ok(Json(AdjustmentOut::from(&adjustment)))
}

/// Ends an adjustment that waits, without booking it.
///
/// Needs the role `SUPER_ADMIN`. Who asked for it may take it back so. One that is rejected already is answered again.
#[utoipa::path(post, path = "/admin/adjustments/{id}/reject", operation_id = "rejectAdjustment", tag = "admin", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = AdjustmentOut),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 409, description = "It is booked, or was not decided in time", body = ProblemBody),
))]
pub(crate) async fn reject(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(id): IdInPath<AdjustmentId>,
) -> Result<Json<AdjustmentOut>, ProblemResponse> {
    let adjustment = adjustments::reject(&app.platform, &permit, id).await?;
    Ok(Json(AdjustmentOut::from(&adjustment)))
}

//! `GET /admin/adjustments`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::AdjustmentId;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use ops::SuperAdmin;

use super::AdjustmentOut;

/// Every tenant's adjustments, newest first: those that wait for a second person, and what became of the others.
///
/// Needs the role `SUPER_ADMIN`.
#[utoipa::path(get, path = "/admin/adjustments", operation_id = "listAdjustments", tag = "admin", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<AdjustmentOut>),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    cursor: Cursor<AdjustmentId>,
) -> Result<Json<Page<AdjustmentOut>>, ProblemResponse> {
    let Cursor { before, limit } = cursor;
    let adjustments = ops::billing::adjustments::list(&app.platform, &permit, before, limit).await?;
    Ok(Json(Page::of(&adjustments, limit, |adjustment| adjustment.adjustment_id)))
}

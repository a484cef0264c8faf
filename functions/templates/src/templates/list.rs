//! `GET /templates`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::TemplateId;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use ops::TemplateReader;

use crate::templates::TemplateOut;

/// The tenant's templates, newest first.
///
/// With the status that Meta gave each.
#[utoipa::path(get, path = "/templates", operation_id = "listTemplates", tag = "templates", security(("bearer" = ["templates:read"])), params(PageQuery), responses(
    (status = 200, body = Page<TemplateOut>),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<TemplateReader>,
    cursor: Cursor<TemplateId>,
) -> Result<Json<Page<TemplateOut>>, ProblemResponse> {
    let templates =
        ops::templates::list::list_templates(&app.platform, &permit, cursor.before.0, cursor.limit).await?;
    Ok(Json(Page::of(&templates, cursor.limit, |template| template.template_id)))
}

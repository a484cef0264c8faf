//! `GET /api-keys`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::ApiKeyId;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use ops::KeyReader;

use crate::api_keys::ApiKeyOut;

/// The tenant's API keys, newest first, with those that have ended.
///
/// Needs the role `ADMIN` or `OWNER`. No answer shows a key again: only its beginning is known.
#[utoipa::path(get, path = "/api-keys", operation_id = "listApiKeys", tag = "api-keys", security(("bearer" = ["api-keys:read"])), params(PageQuery), responses(
    (status = 200, body = Page<ApiKeyOut>),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<KeyReader>,
    Cursor { before, limit }: Cursor<ApiKeyId>,
) -> Result<Json<Page<ApiKeyOut>>, ProblemResponse> {
    let keys = ops::access::api_keys::list(&app.platform, &permit, before.0, limit).await?;
    Ok(Json(Page::of(&keys, limit, |key| key.key_id)))
}

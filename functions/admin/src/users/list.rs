//! `GET /users`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::UserId;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use ops::UserReader;

use crate::users::UserOut;

/// The tenant's users, newest first.
///
/// Needs the role `ADMIN` or `OWNER`. A page at a time: pass `nextCursor` as `cursor` to get the next.
#[utoipa::path(get, path = "/users", operation_id = "listUsers", tag = "users", security(("bearer" = ["users:read"])), params(PageQuery), responses(
    (status = 200, body = Page<UserOut>),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<UserReader>,
    Cursor { before, limit }: Cursor<UserId>,
) -> Result<Json<Page<UserOut>>, ProblemResponse> {
    let users = ops::access::users::list(&app.platform, &permit, before.0, limit).await?;
    Ok(Json(Page::of(&users, limit, |user| user.user_id)))
}

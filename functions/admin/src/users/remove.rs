//! `DELETE /users/{id}`

use api::{Allowed, App};
use axum::extract::State;
use axum::http::StatusCode;
use domain::UserId;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::UserWriter;

/// Removes a user.
///
/// Needs the role `ADMIN` or `OWNER`. The user's sessions and links end at once, and the e-mail and the place in the plan are
/// free again. What the user did stays in the audit log. Users do not remove themselves, and an owner is removed by another owner
/// alone.
#[utoipa::path(delete, path = "/users/{id}", operation_id = "removeUser", tag = "users", security(("bearer" = ["users:write"])),
    params(("id" = Uuid, Path)), responses(
    (status = 204),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub(crate) async fn remove(
    State(app): State<App>,
    Allowed(permit): Allowed<UserWriter>,
    IdInPath(user): IdInPath<UserId>,
) -> Result<StatusCode, ProblemResponse> {
    ops::access::users::remove::remove_user(&app.platform, &permit, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

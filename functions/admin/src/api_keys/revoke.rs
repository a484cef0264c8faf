//! `DELETE /api-keys/{id}`

use api::{Allowed, App};
use axum::extract::State;
use axum::http::StatusCode;
use domain::ApiKeyId;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::KeyWriter;

/// Revokes an API key.
///
/// Needs the role `ADMIN` or `OWNER`. The key is refused from the next request on, and stays in the list. One that was
/// revoked before stays revoked.
#[utoipa::path(delete, path = "/api-keys/{id}", operation_id = "revokeApiKey", tag = "api-keys", security(("bearer" = ["api-keys:write"])),
    params(("id" = Uuid, Path)), responses(
    (status = 204),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
))]
pub(crate) async fn revoke(
    State(app): State<App>,
    Allowed(permit): Allowed<KeyWriter>,
    IdInPath(key): IdInPath<ApiKeyId>,
) -> Result<StatusCode, ProblemResponse> {
    ops::access::api_keys::revoke::revoke_api_key(&app.platform, &permit, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

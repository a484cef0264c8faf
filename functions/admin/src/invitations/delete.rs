//! `DELETE /admin/invitations/{id}`

use api::{Allowed, App};
use axum::extract::State;
use axum::http::StatusCode;
use domain::InvitationId;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::SuperAdmin;

/// Takes an invitation back: its code is refused from then on.
///
/// Needs the role `SUPER_ADMIN`.
#[utoipa::path(delete, path = "/admin/invitations/{id}", operation_id = "deleteInvitation", tag = "admin", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses(
    (status = 204),
    (status = 403, body = ProblemBody),
    (status = 404, description = "There is no such invitation", body = ProblemBody),
    (status = 409, description = "A business has registered with it", body = ProblemBody),
))]
pub(crate) async fn delete(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(id): IdInPath<InvitationId>,
) -> Result<StatusCode, ProblemResponse> {
    ops::tenants::invitations::delete_invitation(&app.platform, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

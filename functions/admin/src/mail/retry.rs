//! `POST /admin/mail/{id}/retry`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::EmailId;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::SuperAdmin;

use crate::mail::EmailOut;

/// Sends an e-mail again that was given up.
///
/// Needs the role `SUPER_ADMIN`. Its link is a new one. An e-mail that waits for its next attempt is left as it is, so the
/// same call twice sends one.
#[utoipa::path(post, path = "/admin/mail/{id}/retry", operation_id = "retryMail", tag = "admin", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 202, body = EmailOut),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "It was sent already", body = ProblemBody),
    ))]
pub(crate) async fn retry(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(id): IdInPath<EmailId>,
) -> Result<(StatusCode, Json<EmailOut>), ProblemResponse> {
    let email = ops::access::emails::retry(&app.platform, &permit, id).await?;
    Ok((StatusCode::ACCEPTED, Json(EmailOut::from(&email))))
}

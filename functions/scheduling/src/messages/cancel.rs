//! `POST /messages/{id}/cancel`

use api::{Allowed, App};
use axum::extract::State;
use axum::http::StatusCode;
use domain::MessageId;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::MessageCanceller;

/// Cancels a message that was not sent yet.
///
/// Cancelling it again changes nothing. A message that was debited and has certainly not left is refunded.
#[utoipa::path(post, path = "/messages/{id}/cancel", operation_id = "cancelMessage", tag = "messages", security(("bearer" = ["messages:cancel"])),
    params(("id" = Uuid, Path)), responses(
        (status = 204),
        (status = 404, body = ProblemBody),
        (status = 409, description = "It is being sent, or reached its final status", body = ProblemBody),
    ))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Allowed(permit): Allowed<MessageCanceller>,
    IdInPath(id): IdInPath<MessageId>,
) -> Result<StatusCode, ProblemResponse> {
    ops::messages::cancel::cancel_message(&app.platform, &permit, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `POST /users/{id}/resend-invite`

use api::{Allowed, App, KeyRequired, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::UserId;
use http_kit::{IdInPath, IdempotencyKey, ProblemBody, ProblemResponse};
use ops::UserWriter;
use ops::access::users::invite_again::invite_user_again;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct InviteAgain {
    /// Required here or in the header `Idempotency-Key`.
    #[schema(value_type = Option<schema::KeyInBody>)]
    #[serde(default)]
    idempotency_key: Option<String>,
}

impl KeyedBody for InviteAgain {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitedUserOut {
    #[schema(value_type = Uuid)]
    user_id: UserId,
    /// The address that the new link is sent to.
    #[schema(value_type = schema::Email)]
    email: String,
}

/// Sends a user a new link to choose a password.
///
/// Needs the role `ADMIN` or `OWNER`. The link before it ends.
#[utoipa::path(post, path = "/users/{id}/resend-invite", operation_id = "inviteUserAgain", tag = "users", security(("bearer" = ["users:write"])),
    request_body = InviteAgain, params(("id" = Uuid, Path), IdempotencyKey),
    responses(
        (status = 202, body = InvitedUserOut),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "The user has chosen a password already", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn invite_again(
    State(app): State<App>,
    Allowed(permit): Allowed<UserWriter>,
    IdInPath(user): IdInPath<UserId>,
    KeyRequired(_request, key): KeyRequired<InviteAgain>,
) -> Result<(StatusCode, Json<InvitedUserOut>), ProblemResponse> {
    let invited = invite_user_again(&app.platform, &permit, user, key).await?;
    let out = InvitedUserOut { user_id: invited.user_id, email: invited.email };
    Ok((StatusCode::ACCEPTED, Json(out)))
}

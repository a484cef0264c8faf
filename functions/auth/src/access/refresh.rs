//! `POST /auth/refresh`

use api::App;
use axum::Json;
use axum::extract::State;
use http_kit::{Body, CameFrom, ProblemBody, ProblemResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::session::{Session, session};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RefreshToken {
    /// Of the last login or refresh.
    #[schema(example = "tdr_2f1c9b…")]
    pub refresh_token: String,
}

/// Continues a session with a new access token.
///
/// A refresh token is used once: the answer holds the next one. When an answer was lost, the same token works again for ten
/// seconds; later than that it was copied, and the session ends. A session that is not used for 30 days ends as well.
#[utoipa::path(post, path = "/auth/refresh", operation_id = "refreshSession", tag = "auth", request_body = RefreshToken, responses(
    (status = 200, body = Session),
    (status = 401, description = "The token was used, has expired, or its session was ended: log in again", body = ProblemBody),
))]
pub(crate) async fn refresh(
    State(app): State<App>,
    CameFrom(source): CameFrom,
    Body(request): Body<RefreshToken>,
) -> Result<Json<Session>, ProblemResponse> {
    let (user, started) =
        ops::access::sessions::refresh(&app.platform, &request.refresh_token, source).await?;
    Ok(session(&app, user, started)?)
}

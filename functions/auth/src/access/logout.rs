//! `POST /auth/logout` and `POST /auth/logout-everywhere`

use api::App;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{Body, ProblemBody, ProblemResponse};
use ops::access::sessions::End;

use crate::access::refresh::RefreshToken;

/// Ends a session.
///
/// Its access tokens are refused from the next request on.
#[utoipa::path(post, path = "/auth/logout", operation_id = "logOut", tag = "auth", request_body = RefreshToken, responses(
    (status = 204),
    (status = 401, description = "The session has ended already", body = ProblemBody),
))]
pub(crate) async fn log_out(
    State(app): State<App>,
    Body(request): Body<RefreshToken>,
) -> Result<StatusCode, ProblemResponse> {
    ops::access::sessions::log_out(&app.platform, &request.refresh_token, End::This).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of the user.
///
/// Every access token of the user is refused from the next request on, also on other devices.
#[utoipa::path(post, path = "/auth/logout-everywhere", operation_id = "logOutEverywhere", tag = "auth", request_body = RefreshToken,
    responses(
        (status = 204),
        (status = 401, description = "The session has ended already", body = ProblemBody),
    ))]
pub(crate) async fn log_out_everywhere(
    State(app): State<App>,
    Body(request): Body<RefreshToken>,
) -> Result<StatusCode, ProblemResponse> {
    ops::access::sessions::log_out(&app.platform, &request.refresh_token, End::All).await?;
    Ok(StatusCode::NO_CONTENT)
}

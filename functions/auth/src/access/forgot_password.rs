//! `POST /auth/forgot-password`

use api::{App, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{Body, CameFrom, ProblemBody, ProblemResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotPassword {
    #[schema(value_type = schema::Email)]
    email: String,
}

/// The same whether the address is a user's or not.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResetOut {
    message: &'static str,
}

const MESSAGE: &str =
    "If this is the address of a user, an e-mail with a link to choose another password is on its way to it.";

/// Sends a link to choose another password, if the address is a user's.
///
/// The answer is the same, and takes as long, for every address. The link works once and for an hour. An address gets at most
/// five such e-mails in an hour.
#[utoipa::path(post, path = "/auth/forgot-password", operation_id = "forgetPassword", tag = "auth", request_body = ForgotPassword, responses(
    (status = 202, body = ResetOut),
    (status = 422, description = "It is not an e-mail address", body = ProblemBody),
    (status = 429, description = "Too many requests from here; wait as long as Retry-After says", body = ProblemBody),
))]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    CameFrom(source): CameFrom,
    Body(request): Body<ForgotPassword>,
) -> Result<(StatusCode, Json<ResetOut>), ProblemResponse> {
    ops::access::reset::forgot_password(&app.platform, source, &request.email).await?;
    Ok((StatusCode::ACCEPTED, Json(ResetOut { message: MESSAGE })))
}

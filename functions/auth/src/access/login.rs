//! `POST /auth/login`

use api::{App, schema};
use axum::Json;
use axum::extract::State;
use http_kit::{Body, CameFrom, ProblemBody, ProblemResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::session::{Session, begin};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    #[schema(example = "admin@acme.com")]
    email: String,
    #[schema(format = Password, example = "password123")]
    password: String,
    /// Of a user with a second factor: what the app shows, or a recovery code.
    #[schema(value_type = Option<schema::LoginCode>)]
    #[serde(default)]
    code: Option<String>,
}

/// Logs a user in.
///
/// The answer holds an access token, and a refresh token that gets the next one. A wrong password and an unknown e-mail address get the same answer. After several wrong
/// passwords the next tries have to wait. Who has a second factor sends a code as well; the right password without one is
/// answered 401 with the type `second-factor-required`, and counts as no try. A code works once.
#[utoipa::path(post, path = "/auth/login", operation_id = "logIn", tag = "auth", request_body = Login, responses(
    (status = 200, body = Session),
    (status = 401, description = "The e-mail or the password is wrong (`wrong-credentials`), or a code is needed (`second-factor-required`)", body = ProblemBody),
    (status = 429, description = "Too many wrong passwords; wait as long as Retry-After says", body = ProblemBody),
))]
pub(crate) async fn login(
    State(app): State<App>,
    CameFrom(source): CameFrom,
    Body(request): Body<Login>,
) -> Result<Json<Session>, ProblemResponse> {
    let Login { email, password, code } = request;
    let user = ops::access::login::login(&app.platform, source, &email, password, code).await?;
    Ok(begin(&app, source, user).await?)
}

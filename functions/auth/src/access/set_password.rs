//! `POST /auth/set-password`, and the page for it that the link of an invitation opens.

use api::{App, schema};
use axum::Json;
use axum::extract::State;
use axum::response::Html;
use http_kit::{Body, ProblemBody, ProblemResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::session::{Session, session};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPassword {
    /// The secret from the link in the e-mail.
    secret: String,
    #[schema(value_type = schema::NewPassword)]
    password: String,
}

/// Sets a password with the link of an invitation, and logs the user in.
///
/// The link works once and for three days. Setting a password uses up every link of that user.
#[utoipa::path(post, path = "/auth/set-password", operation_id = "setPassword", tag = "auth", request_body = SetPassword, responses(
    (status = 200, body = Session),
    (status = 422, description = "The link was used or has expired, or the password is too short or too long",
     body = ProblemBody),
))]
pub(crate) async fn set_password(
    State(app): State<App>,
    Body(request): Body<SetPassword>,
) -> Result<Json<Session>, ProblemResponse> {
    let user = ops::access::invite::set_password(&app.platform, &request.secret, request.password).await?;
    Ok(session(&app, user)?)
}

/// The page that the link of an invitation opens.
///
/// The secret stands behind `#`, which browsers do not send to servers. Opening the page changes nothing.
#[utoipa::path(get, path = "/auth/set-password", operation_id = "getSetPasswordPage", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/html"),
))]
pub(crate) async fn set_password_page() -> Html<&'static str> {
    Html(include_str!("set_password.html"))
}

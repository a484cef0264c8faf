//! `POST /auth/set-password`, and the page for it that the link of an e-mail opens.

use api::{App, schema};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http_kit::{Body, CameFrom, ProblemBody, ProblemResponse};
use ops::access::second_factor::check;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::page::{SET_PASSWORD, page, script};
use crate::session::{Session, begin};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetPassword {
    /// The secret from the link in the e-mail.
    secret: String,
    #[schema(value_type = schema::NewPassword)]
    password: String,
}

/// Sets a password with the link of an e-mail, and logs the user in.
///
/// The link of an invitation works once and for three days, that of a forgotten password once and for an hour. Setting a
/// password uses up every such link of that user, ends every session, and proves the e-mail address. A user with a second
/// factor is not logged in (204): the next login asks for a code.
#[utoipa::path(post, path = "/auth/set-password", operation_id = "setPassword", tag = "auth", request_body = SetPassword, responses(
    (status = 200, body = Session),
    (status = 204, description = "The password is set; log in with it and a code of the second factor"),
    (status = 422, description = "The link was used or has expired, or the password is too short, too long or too common",
     body = ProblemBody),
))]
pub(crate) async fn set_password(
    State(app): State<App>,
    CameFrom(source): CameFrom,
    Body(request): Body<SetPassword>,
) -> Result<Response, ProblemResponse> {
    let user = ops::access::invite::set_password(&app.platform, &request.secret, request.password).await?;
    // A link proves that its user reads the e-mail, and not that the device is there.
    if check::of_user(&app.platform, &user).await?.is_some() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(begin(&app, source, user).await?.into_response())
}

/// The page that the link of an e-mail opens.
///
/// The secret stands behind `#`, which browsers do not send to servers. Opening the page changes nothing.
#[utoipa::path(get, path = "/auth/set-password", operation_id = "getSetPasswordPage", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/html"),
))]
pub(crate) async fn set_password_page() -> impl IntoResponse {
    page(SET_PASSWORD)
}

/// The script of that page.
///
/// In a file of its own, so that the page runs no other.
#[utoipa::path(get, path = "/auth/set-password.js", operation_id = "getSetPasswordScript", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/javascript"),
))]
pub(crate) async fn set_password_script() -> impl IntoResponse {
    script(include_str!("set_password.js"))
}

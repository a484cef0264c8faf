//! `POST /auth/change-email` and `POST /auth/stop-email-change`

use api::{Allowed, App, schema};
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{Body, ProblemBody, ProblemResponse};
use ops::Member;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::verify_email::LinkSecret;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeEmail {
    /// The new address.
    #[schema(value_type = schema::Email)]
    email: String,
    /// The present password.
    #[schema(format = Password, example = "password123")]
    password: String,
}

/// Begins a change of the caller's e-mail address.
///
/// Both addresses get a link, and the change happens when both have confirmed it (`POST /auth/verify-email`) within a day. The
/// link to the present address can stop it instead. The answer is the same when the new address is another user's: then
/// nothing is changed.
#[utoipa::path(post, path = "/auth/change-email", operation_id = "changeEmail", tag = "auth", security(("bearer" = [])), request_body = ChangeEmail, responses(
    (status = 202),
    (status = 401, body = ProblemBody),
    (status = 422, description = "The password is wrong, or it is not another e-mail address", body = ProblemBody),
    (status = 429, description = "Too many wrong passwords or changes; wait as long as Retry-After says", body = ProblemBody),
))]
pub(crate) async fn change_email(
    State(app): State<App>,
    Allowed(permit): Allowed<Member>,
    Body(request): Body<ChangeEmail>,
) -> Result<StatusCode, ProblemResponse> {
    let ChangeEmail { email, password } = request;
    ops::access::change_email::change_email(&app.platform, &permit, &email, password).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Stops a change of an e-mail address, with the link that was sent to the present one.
///
/// The change's other links end as well.
#[utoipa::path(post, path = "/auth/stop-email-change", operation_id = "stopEmailChange", tag = "auth", request_body = LinkSecret, responses(
    (status = 204),
    (status = 422, description = "The link was used or has expired", body = ProblemBody),
))]
pub(crate) async fn stop_email_change(
    State(app): State<App>,
    Body(request): Body<LinkSecret>,
) -> Result<StatusCode, ProblemResponse> {
    ops::access::change_email::stop_email_change(&app.platform, &request.secret).await?;
    Ok(StatusCode::NO_CONTENT)
}

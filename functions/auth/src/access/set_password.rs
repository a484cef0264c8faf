//! `POST /auth/set-password`, and the page for it that the link of an invitation opens.

use api::{App, schema};
use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use http_kit::{Body, CameFrom, ProblemBody, ProblemResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::session::{Session, begin};

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
/// The link works once and for three days. Setting a password uses up every link of that user, and ends every session.
#[utoipa::path(post, path = "/auth/set-password", operation_id = "setPassword", tag = "auth", request_body = SetPassword, responses(
    (status = 200, body = Session),
    (status = 422, description = "The link was used or has expired, or the password is too short, too long or too common",
     body = ProblemBody),
))]
pub(crate) async fn set_password(
    State(app): State<App>,
    CameFrom(source): CameFrom,
    Body(request): Body<SetPassword>,
) -> Result<Json<Session>, ProblemResponse> {
    let user = ops::access::invite::set_password(&app.platform, &request.secret, request.password).await?;
    Ok(begin(&app, source, user).await?)
}

/// The page that the link of an invitation opens.
///
/// The secret stands behind `#`, which browsers do not send to servers. Opening the page changes nothing.
#[utoipa::path(get, path = "/auth/set-password", operation_id = "getSetPasswordPage", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/html"),
))]
pub(crate) async fn set_password_page() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, PAGE_POLICY)], Html(PAGE))
}

/// The script of that page.
///
/// In a file of its own, so that the page runs no other.
#[utoipa::path(get, path = "/auth/set-password.js", operation_id = "getSetPasswordScript", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/javascript"),
))]
pub(crate) async fn set_password_script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("set_password.js"))
}

const PAGE: &str = include_str!("set_password.html");

/// Its own script and nothing inline; of styles only the one that the page has, by its hash.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'sha256-Y081SipZm72ZqGYkMdzhVQlk9sXzjnqY2k/Kc8q/v+U='; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn the_policy_of_the_page_lets_its_own_style_through_and_no_inline_script() {
        let (_, style) = PAGE.split_once("<style>").unwrap();
        let (style, _) = style.split_once("</style>").unwrap();
        let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
        assert!(PAGE_POLICY.contains(&format!("'sha256-{hash}'")), "the style's hash is {hash}");
        assert!(PAGE.contains("<script src=\"set-password.js\""));
        assert!(!PAGE_POLICY.contains("unsafe") && !PAGE.contains(" style="));
    }

    #[test]
    fn a_password_never_becomes_part_of_a_url() {
        let (_, form) = PAGE.split_once("<form").unwrap();
        let (form, _) = form.split_once('>').unwrap();
        assert!(form.contains("method=\"post\""), "without the script a browser would send it in the query");
    }
}

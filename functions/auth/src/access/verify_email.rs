//! `POST /auth/verify-email` with its page, and `POST /auth/resend-verification`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use http_kit::{Body, ProblemBody, ProblemResponse};
use ops::Member;
use ops::access::verify::Verified;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::page::{VERIFY_EMAIL, page, script};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkSecret {
    /// The secret from the link in the e-mail.
    pub secret: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct VerifiedOut {
    state: VerifiedWord,
}

/// What the link did.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum VerifiedWord {
    /// The address is proven.
    Proven,
    /// The other address has to confirm the change too.
    ConfirmedByOne,
    /// Both addresses have confirmed: log in with the new one.
    Changed,
}

impl From<Verified> for VerifiedOut {
    fn from(verified: Verified) -> Self {
        let state = match verified {
            Verified::Proven => VerifiedWord::Proven,
            Verified::ConfirmedByOne => VerifiedWord::ConfirmedByOne,
            Verified::Changed => VerifiedWord::Changed,
        };
        Self { state }
    }
}

/// Proves an e-mail address, or confirms a change of it, with the link that was sent to it.
///
/// A link works once. What waited because the owner's address was not proven is sent from then on.
#[utoipa::path(post, path = "/auth/verify-email", operation_id = "verifyEmail", tag = "auth", request_body = LinkSecret, responses(
    (status = 200, body = VerifiedOut),
    (status = 409, description = "Another user has the new address meanwhile: nothing was changed", body = ProblemBody),
    (status = 422, description = "The link was used or has expired", body = ProblemBody),
))]
pub(crate) async fn verify_email(
    State(app): State<App>,
    Body(request): Body<LinkSecret>,
) -> Result<Json<VerifiedOut>, ProblemResponse> {
    Ok(Json(ops::access::verify::verify_email(&app.platform, &request.secret).await?.into()))
}

/// The page that the link of an e-mail opens.
///
/// The secret stands behind `#`, which browsers do not send to servers. Opening the page changes nothing; its button does.
#[utoipa::path(get, path = "/auth/verify-email", operation_id = "getVerifyEmailPage", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/html"),
))]
pub(crate) async fn verify_email_page() -> impl IntoResponse {
    page(VERIFY_EMAIL)
}

/// The script of that page.
///
/// In a file of its own, so that the page runs no other.
#[utoipa::path(get, path = "/auth/verify-email.js", operation_id = "getVerifyEmailScript", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/javascript"),
))]
pub(crate) async fn verify_email_script() -> impl IntoResponse {
    script(include_str!("verify_email.js"))
}

/// Sends the caller another link that proves the e-mail address.
///
/// The link before it ends.
#[utoipa::path(post, path = "/auth/resend-verification", operation_id = "resendVerification", tag = "auth", security(("bearer" = [])), responses(
    (status = 202),
    (status = 401, body = ProblemBody),
    (status = 409, description = "The address is proven already", body = ProblemBody),
    (status = 429, description = "Too many were asked for; wait as long as Retry-After says", body = ProblemBody),
))]
pub(crate) async fn resend_verification(
    State(app): State<App>,
    Allowed(permit): Allowed<Member>,
) -> Result<StatusCode, ProblemResponse> {
    ops::access::proof::resend_proof(&app.platform, &permit).await?;
    Ok(StatusCode::ACCEPTED)
}

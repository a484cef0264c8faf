//! `POST` and `DELETE /auth/totp`, and `POST /auth/totp/confirm`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{Body, ProblemBody, ProblemResponse};
use ops::Member;
use ops::access::second_factor::set_up;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginSecondFactor {
    /// The caller's own, once more.
    #[schema(format = Password)]
    password: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BegunOut {
    /// In base 32, to be typed into the app.
    #[schema(example = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")]
    secret: String,
    /// The same, to be shown as a QR code.
    #[schema(
        example = "otpauth://totp/Tidings:admin%40acme.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tidings"
    )]
    uri: String,
}

/// Begins to set up a second factor of the caller's own login.
///
/// An app on the caller's device makes a code of six digits from the secret every 30 seconds (RFC 6238). No login asks for
/// one before `POST /auth/totp/confirm`. A secret that was not confirmed is replaced.
#[utoipa::path(post, path = "/auth/totp", operation_id = "beginSecondFactor", tag = "auth", security(("bearer" = [])),
    request_body = BeginSecondFactor, responses(
        (status = 200, body = BegunOut),
        (status = 409, description = "You have a second factor already", body = ProblemBody),
        (status = 422, description = "The password is wrong", body = ProblemBody),
    ))]
pub(crate) async fn begin(
    State(app): State<App>,
    Allowed(permit): Allowed<Member>,
    Body(request): Body<BeginSecondFactor>,
) -> Result<Json<BegunOut>, ProblemResponse> {
    let begun = set_up::begin(&app.platform, &permit, request.password).await?;
    Ok(Json(BegunOut { secret: begun.secret, uri: begun.uri }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmSecondFactor {
    #[schema(value_type = schema::LoginCode)]
    code: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveryCodesOut {
    /// Ten, each good for one login in place of a code. They are in no other answer.
    #[schema(example = json!(["k3j7-2mzq-x5ab-9dpe"]))]
    recovery_codes: Vec<String>,
}

/// Switches the second factor on with its first code, and shows the recovery codes once.
///
/// From now on a login of the caller asks for a code. If this answer is lost, remove the second factor with the next code and
/// set it up again.
#[utoipa::path(post, path = "/auth/totp/confirm", operation_id = "confirmSecondFactor", tag = "auth", security(("bearer" = [])),
    request_body = ConfirmSecondFactor, responses(
        (status = 200, body = RecoveryCodesOut),
        (status = 409, description = "Nothing waits to be confirmed", body = ProblemBody),
        (status = 422, description = "The code is wrong or has expired", body = ProblemBody),
    ))]
pub(crate) async fn confirm(
    State(app): State<App>,
    Allowed(permit): Allowed<Member>,
    Body(request): Body<ConfirmSecondFactor>,
) -> Result<Json<RecoveryCodesOut>, ProblemResponse> {
    let recovery_codes = set_up::confirm(&app.platform, &permit, &request.code).await?;
    Ok(Json(RecoveryCodesOut { recovery_codes }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveSecondFactor {
    /// The caller's own, once more.
    #[schema(format = Password)]
    password: String,
    #[schema(value_type = schema::LoginCode)]
    code: String,
}

/// Removes the second factor of the caller's own login, with its recovery codes.
///
/// Takes the password and a code, or a recovery code. Who lost both the device and the recovery codes asks an owner of the
/// tenant (`PATCH /users/{id}`).
#[utoipa::path(delete, path = "/auth/totp", operation_id = "removeSecondFactor", tag = "auth", security(("bearer" = [])),
    request_body = RemoveSecondFactor, responses(
        (status = 204),
        (status = 404, description = "You have no second factor", body = ProblemBody),
        (status = 422, description = "The password or the code is wrong", body = ProblemBody),
    ))]
pub(crate) async fn remove(
    State(app): State<App>,
    Allowed(permit): Allowed<Member>,
    Body(request): Body<RemoveSecondFactor>,
) -> Result<StatusCode, ProblemResponse> {
    set_up::remove(&app.platform, &permit, request.password, &request.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

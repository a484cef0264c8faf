//! `POST /users`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Role;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::UserWriter;
use ops::access::users::add::{Addition, add_user};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::users::UserOut;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewUser {
    #[schema(value_type = schema::Email)]
    email: String,
    #[schema(value_type = schema::PersonName)]
    name: String,
    #[schema(value_type = schema::RoleToGive)]
    role: Role,
    /// The right to approve what others want to spend, which only an owner gives.
    #[serde(default)]
    may_approve: bool,
}

impl KeyedBody for NewUser {}

/// Adds a user, who is invited by e-mail to choose a password.
///
/// Needs the role `ADMIN` or `OWNER`. An owner is added by an owner alone. The user counts towards the plan's `users`.
#[utoipa::path(post, path = "/users", operation_id = "addUser", tag = "users", security(("bearer" = ["users:write"])), request_body = NewUser,
    params(IdempotencyKey), responses(
    (status = 201, body = UserOut),
    (status = 403, description = "Your role does not allow this, or your plan no more users", body = ProblemBody),
    (status = 409, description = "The e-mail is already taken", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn add(
    State(app): State<App>,
    Allowed(permit): Allowed<UserWriter>,
    Keyed(request, key): Keyed<NewUser>,
) -> Result<(StatusCode, Json<UserOut>), ProblemResponse> {
    let NewUser { email, name, role, may_approve } = request;
    let user = add_user(&app.platform, &permit, Addition { email, name, role, may_approve }, key).await?;
    Ok((StatusCode::CREATED, Json((&user).into())))
}

//! `PATCH /users/{id}`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::{Role, UserId};
use http_kit::body::Body;
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use ops::UserWriter;
use ops::access::users::change::change_user;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::users::UserOut;

/// What changes; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct UserChange {
    #[schema(value_type = Option<schema::PersonName>)]
    #[serde(default)]
    name: Option<String>,
    #[schema(value_type = Option<schema::RoleToGive>)]
    #[serde(default)]
    role: Option<Role>,
    /// The right to approve what others want to spend, which only an owner gives and takes.
    #[serde(default)]
    may_approve: Option<bool>,
    /// `false` switches off the second factor of a user who lost the device, which only an owner does. It cannot be `true`.
    #[serde(default)]
    has_second_factor: Option<bool>,
}

/// Changes a user's name or rights.
///
/// Needs the role `ADMIN` or `OWNER`. Users do not change their own rights, and an owner is changed by another owner alone.
/// A change counts from the user's next request on, and a lower role ends the user's sessions.
#[utoipa::path(patch, path = "/users/{id}", operation_id = "changeUser", tag = "users", security(("bearer" = ["users:write"])),
    request_body = UserChange, params(("id" = Uuid, Path)), responses(
    (status = 200, body = UserOut),
    (status = 403, body = ProblemBody),
    (status = 404, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn change(
    State(app): State<App>,
    Allowed(permit): Allowed<UserWriter>,
    IdInPath(user): IdInPath<UserId>,
    Body(request): Body<UserChange>,
) -> Result<Json<UserOut>, ProblemResponse> {
    let UserChange { name, role, may_approve, has_second_factor } = request;
    let change = ops::access::users::change::UserChange { name, role, may_approve, has_second_factor };
    let user = change_user(&app.platform, &permit, user, change).await?;
    Ok(Json((&user).into()))
}

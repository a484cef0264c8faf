//! What every way of logging in answers.

use api::tokens::{GOOD_FOR, Subject};
use api::{App, schema};
use axum::Json;
use domain::problem::Kind;
use domain::{Problem, Role, TenantId, UserId, with_causes};
use ops::access::login::User;
use serde::Serialize;
use utoipa::ToSchema;

/// A user who is logged in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    /// Send it as `Authorization: Bearer …`.
    token: String,
    /// Seconds until the token expires.
    expires_in: i64,
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    #[schema(value_type = Uuid)]
    user_id: UserId,
    email: String,
    name: String,
    #[schema(value_type = schema::UserRole)]
    role: Role,
}

pub(crate) fn session(app: &App, user: User) -> Result<Json<Session>, Problem> {
    let subject = Subject { tenant: user.tenant_id, user: user.user_id };
    let token = app.tokens.issue(subject).map_err(|error| {
        tracing::error!(error = with_causes(&error), "an access token could not be signed");
        Problem::new(Kind::Internal)
    })?;
    Ok(Json(Session {
        token,
        expires_in: GOOD_FOR.as_secs(),
        tenant_id: user.tenant_id,
        user_id: user.user_id,
        email: user.email,
        name: user.name,
        role: user.role,
    }))
}

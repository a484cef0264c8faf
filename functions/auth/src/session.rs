//! What every way of logging in answers.

use api::tokens::{GOOD_FOR, Subject};
use api::{App, schema};
use axum::Json;
use domain::access::Source;
use domain::problem::Kind;
use domain::{Problem, Role, TenantId, UserId, with_causes};
use ops::access::login::User;
use ops::access::sessions::{self, Started};
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
    /// Gets the next token from `POST /auth/refresh`, once; the answer holds another one.
    #[schema(example = "tdr_2f1c9b…")]
    refresh_token: String,
    /// Seconds until the refresh token expires when it is not used.
    refresh_expires_in: i64,
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    #[schema(value_type = Uuid)]
    user_id: UserId,
    email: String,
    name: String,
    #[schema(value_type = schema::UserRole)]
    role: Role,
}

/// The answer to a user who has just logged in.
pub(crate) async fn begin(app: &App, source: Source, user: User) -> Result<Json<Session>, Problem> {
    let started = sessions::start(&app.platform, &user, source).await?;
    session(app, user, started)
}

pub(crate) fn session(app: &App, user: User, started: Started) -> Result<Json<Session>, Problem> {
    let subject = Subject { tenant: user.tenant_id, user: user.user_id, session: Some(started.session) };
    let token = app.tokens.issue(subject).map_err(|error| {
        tracing::error!(error = with_causes(&error), "an access token could not be signed");
        Problem::new(Kind::Internal)
    })?;
    Ok(Json(Session {
        token,
        expires_in: GOOD_FOR.as_secs(),
        refresh_token: started.refresh_token,
        refresh_expires_in: sessions::GOOD_FOR.as_secs(),
        tenant_id: user.tenant_id,
        user_id: user.user_id,
        email: user.email,
        name: user.name,
        role: user.role,
    }))
}

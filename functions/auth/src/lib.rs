//! Signing up, logging in, choosing a password, and the public keys of our tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Html;
use domain::{Role, TenantId, UserId};
use http_kit::tokens::{GOOD_FOR, Subject};
use http_kit::{App, Body, Kind, Problem, ProblemBody};
use ops::tenants::register::{PLAN_DEFAULT, Registration};
use serde::{Deserialize, Serialize};
use store::access::users::User;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register_tenant))
        .routes(routes!(login))
        .routes(routes!(set_password, set_password_page))
        .routes(routes!(jwks))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct RegisterTenant {
    #[schema(example = "Acme Corp")]
    tenant_name: String,
    #[schema(example = "acme-corp")]
    slug: String,
    #[schema(example = "admin@acme.com")]
    admin_email: String,
    #[schema(example = "password123")]
    admin_password: String,
    #[schema(example = "John Doe")]
    admin_name: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Login {
    #[schema(example = "admin@acme.com")]
    email: String,
    #[schema(example = "password123")]
    password: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPassword {
    /// The secret of the link in the e-mail.
    secret: String,
    password: String,
}

/// Somebody who is logged in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Session {
    /// Send it as `Authorization: Bearer …`.
    token: String,
    /// Seconds that it is good for.
    expires_in: i64,
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    #[schema(value_type = Uuid)]
    user_id: UserId,
    email: String,
    name: String,
    #[schema(value_type = String, example = "OWNER")]
    role: Role,
}

fn session(app: &App, user: User) -> Result<Json<Session>, Problem> {
    let subject = Subject { tenant: user.tenant_id, user: user.user_id };
    let token = app.tokens.issue(subject).map_err(|error| {
        tracing::error!(%error, "a token could not be signed");
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

/// Registers a business with its owner, who is logged in.
#[utoipa::path(post, path = "/auth/register-tenant", tag = "auth", request_body = RegisterTenant, responses(
    (status = 201, body = Session),
    (status = 409, description = "Slug or e-mail taken", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
async fn register_tenant(
    State(app): State<App>,
    Body(asked): Body<RegisterTenant>,
) -> Result<(StatusCode, Json<Session>), Problem> {
    let registration = Registration {
        tenant_name: asked.tenant_name,
        slug: asked.slug,
        admin_email: asked.admin_email,
        admin_password: Some(asked.admin_password),
        admin_name: asked.admin_name,
        plan: PLAN_DEFAULT.to_owned(),
    };
    let registered = ops::tenants::register::register_tenant(&app.platform, registration).await?;
    Ok((StatusCode::CREATED, session(&app, registered.owner)?))
}

/// Logs a user in.
#[utoipa::path(post, path = "/auth/login", tag = "auth", request_body = Login, responses(
    (status = 200, body = Session),
    (status = 401, body = ProblemBody),
    (status = 429, description = "Too many wrong passwords; see Retry-After", body = ProblemBody),
))]
async fn login(State(app): State<App>, Body(asked): Body<Login>) -> Result<Json<Session>, Problem> {
    let user = ops::access::login::login(&app.platform, &asked.email, asked.password).await?;
    session(&app, user)
}

/// Chooses a password with the link of an invitation, and logs in.
#[utoipa::path(post, path = "/auth/set-password", tag = "auth", request_body = SetPassword, responses(
    (status = 200, body = Session),
    (status = 422, description = "The link is used or expired, or the password cannot be one", body = ProblemBody),
))]
async fn set_password(
    State(app): State<App>,
    Body(asked): Body<SetPassword>,
) -> Result<Json<Session>, Problem> {
    let user = ops::access::invite::set_password(&app.platform, &asked.secret, asked.password).await?;
    session(&app, user)
}

/// The page that the link of an invitation opens. The secret stands behind `#`, where no server's log sees it.
#[utoipa::path(get, path = "/auth/set-password", tag = "auth", responses(
    (status = 200, body = String, content_type = "text/html"),
))]
async fn set_password_page() -> Html<&'static str> {
    Html(include_str!("set_password.html"))
}

/// The public keys that our tokens are signed with (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth", responses((status = 200, body = serde_json::Value)))]
async fn jwks(State(app): State<App>) -> Json<serde_json::Value> {
    Json(app.tokens.jwks())
}

//! `POST /auth/register-tenant`

use api::{App, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{Body, CameFrom, ProblemBody, ProblemResponse};
use ops::tenants::register::{PLAN_DEFAULT, Registration};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::session::{Session, begin};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RegisterTenant {
    #[schema(value_type = schema::BusinessName)]
    tenant_name: String,
    #[schema(value_type = schema::Slug)]
    slug: String,
    #[schema(value_type = schema::Email)]
    admin_email: String,
    #[schema(value_type = schema::NewPassword)]
    admin_password: String,
    #[schema(value_type = schema::PersonName)]
    admin_name: String,
    /// The code of an invitation, where registering needs one. Its plan is the one that the business begins on.
    #[schema(value_type = Option<schema::InvitationCode>)]
    #[serde(default)]
    invitation: Option<String>,
}

impl From<RegisterTenant> for Registration {
    fn from(request: RegisterTenant) -> Self {
        Self {
            tenant_name: request.tenant_name,
            slug: request.slug,
            admin_email: request.admin_email,
            admin_password: Some(request.admin_password),
            admin_name: request.admin_name,
            plan: PLAN_DEFAULT.to_owned(),
            invitation: request.invitation,
        }
    }
}

/// Registers a business with its owner, and logs the owner in.
///
/// The business starts on the plan `Starter`, or on that of its invitation. Where registering is closed, or needs an invitation,
/// the platform's owner decides who may. The answer holds the token for the next requests: import contacts, then create
/// a template.
#[utoipa::path(post, path = "/auth/register-tenant", operation_id = "registerTenant", tag = "auth", request_body = RegisterTenant, responses(
    (status = 201, body = Session),
    (status = 403, description = "Businesses cannot register by themselves here", body = ProblemBody),
    (status = 409, description = "The slug or the e-mail is already taken", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn register_tenant(
    State(app): State<App>,
    CameFrom(source): CameFrom,
    Body(request): Body<RegisterTenant>,
) -> Result<(StatusCode, Json<Session>), ProblemResponse> {
    let registered = ops::tenants::register::register_tenant(&app.platform, request.into()).await?;
    Ok((StatusCode::CREATED, begin(&app, source, registered.owner).await?))
}

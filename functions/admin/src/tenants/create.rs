//! `POST /admin/create-tenant`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::SuperAdmin;
use ops::tenants::create::Provisioned;
use ops::tenants::register::{PLAN_DEFAULT, Registration};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewTenant {
    #[schema(value_type = schema::BusinessName)]
    tenant_name: String,
    #[schema(value_type = schema::Slug)]
    slug: String,
    #[schema(value_type = schema::Email)]
    admin_email: String,
    #[schema(value_type = schema::PersonName)]
    admin_name: String,
    /// `Starter` when absent.
    #[schema(value_type = Option<schema::PlanName>)]
    #[serde(default)]
    plan: Option<String>,
}

impl KeyedBody for NewTenant {}

impl From<NewTenant> for Registration {
    fn from(request: NewTenant) -> Self {
        Self {
            tenant_name: request.tenant_name,
            slug: request.slug,
            admin_email: request.admin_email,
            admin_password: None,
            admin_name: request.admin_name,
            plan: request.plan.unwrap_or_else(|| PLAN_DEFAULT.to_owned()),
            invitation: None,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTenantOut {
    tenant_id: Uuid,
    slug: String,
    name: String,
    plan: String,
    owner_id: Uuid,
    /// The address that the link for setting a password is sent to.
    owner_email: String,
}

impl From<Provisioned> for NewTenantOut {
    fn from(made: Provisioned) -> Self {
        Self {
            tenant_id: made.tenant_id.0,
            slug: made.slug,
            name: made.name,
            plan: made.plan,
            owner_id: made.owner_id.0,
            owner_email: made.owner_email,
        }
    }
}

/// Creates a tenant and invites its owner by e-mail.
///
/// Needs the role `SUPER_ADMIN`. The e-mail holds a link with which the owner sets a password; no password is ever sent.
#[utoipa::path(post, path = "/admin/create-tenant", operation_id = "createTenant", tag = "admin", security(("bearer" = [])), request_body = NewTenant,
    params(IdempotencyKey),
    responses(
        (status = 201, body = NewTenantOut),
        (status = 403, body = ProblemBody),
        (status = 409, description = "The slug or the e-mail is already taken", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    Keyed(request, key): Keyed<NewTenant>,
) -> Result<(StatusCode, Json<NewTenantOut>), ProblemResponse> {
    let made = ops::tenants::create::create_tenant(&app.platform, &permit, request.into(), key).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

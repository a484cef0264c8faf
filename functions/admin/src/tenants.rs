//! Tenants that the platform's owner makes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use http_kit::{Allowed, App, Body, IdempotencyKey, Problem, ProblemBody};
use ops::SuperAdmin;
use ops::tenants::create::Provisioned;
use ops::tenants::register::{PLAN_DEFAULT, Registration};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewTenant {
    #[schema(example = "Acme Corp")]
    tenant_name: String,
    #[schema(example = "acme-corp")]
    slug: String,
    #[schema(example = "admin@acme.com")]
    admin_email: String,
    #[schema(example = "John Doe")]
    admin_name: String,
    /// `Starter` when absent.
    #[schema(example = "Pro")]
    #[serde(default)]
    plan: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTenantView {
    tenant_id: Uuid,
    slug: String,
    name: String,
    plan: String,
    owner_id: Uuid,
    /// Where the link to choose a password goes.
    owner_email: String,
}

/// Makes a tenant and writes to its owner. Needs the role `SUPER_ADMIN`.
#[utoipa::path(post, path = "/admin/create-tenant", tag = "admin", security(("bearer" = [])), request_body = NewTenant,
    params(IdempotencyKey),
    responses(
        (status = 201, body = NewTenantView),
        (status = 403, body = ProblemBody),
        (status = 409, description = "Slug or e-mail taken", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(by): Allowed<SuperAdmin>,
    key: IdempotencyKey,
    Body(asked): Body<NewTenant>,
) -> Result<(StatusCode, Json<NewTenantView>), Problem> {
    let key = key.of(by.tenant(), "create_tenant", &asked)?;
    let registration = Registration {
        tenant_name: asked.tenant_name,
        slug: asked.slug,
        admin_email: asked.admin_email,
        admin_password: None,
        admin_name: asked.admin_name,
        plan: asked.plan.unwrap_or_else(|| PLAN_DEFAULT.to_owned()),
    };
    let Provisioned { tenant_id, slug, name, plan, owner_id, owner_email, owner_role: _ } =
        ops::tenants::create::create_tenant(&app.platform, &by, registration, key).await?;
    let view = NewTenantView { tenant_id: tenant_id.0, slug, name, plan, owner_id: owner_id.0, owner_email };
    Ok((StatusCode::CREATED, Json(view)))
}

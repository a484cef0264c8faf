//! `GET /admin/tenants`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::limits::{PLAN_NAME_CHARS_MAX, SEARCH_CHARS_MAX};
use domain::problem::FieldError;
use domain::tenants::usage::Quantity;
use domain::{Money, Problem, TenantId, TenantState, text};
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse, Queried};
use jiff::Timestamp;
use ops::SuperAdmin;
use ops::tenants::look::{Asked, ListedTenant};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The part of the list that is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TenantsQuery {
    /// Rows at most; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// The beginning of a slug, a name or an owner's e-mail. Upper and lower case are the same.
    #[param(schema_with = schema::search_in_query)]
    q: Option<String>,
    #[param(schema_with = schema::tenant_state_in_query)]
    state: Option<String>,
    /// The name of a plan.
    #[param(schema_with = schema::plan_in_query)]
    plan: Option<String>,
}

impl TenantsQuery {
    /// What is asked for, or every field that is wrong.
    fn read(self) -> Result<(Cursor<TenantId>, Asked), Problem> {
        let mut wrong = Vec::new();
        let cursor = PageQuery { limit: self.limit, cursor: self.cursor }.cursor(&mut wrong);
        for (field, value, chars_max) in
            [("q", &self.q, SEARCH_CHARS_MAX), ("plan", &self.plan, PLAN_NAME_CHARS_MAX)]
        {
            if value.as_ref().is_some_and(|value| !text::is_visible(value, chars_max)) {
                wrong.push(FieldError::new(field, format!("must be 1 to {chars_max} visible characters")));
            }
        }
        let state = self.state.as_deref().map(str::parse::<TenantState>).transpose();
        let state = state.unwrap_or_else(|error| {
            wrong.push(FieldError::new("state", error));
            None
        });
        let asked = Asked { search: self.q, state, plan: self.plan };
        if wrong.is_empty() { Ok((cursor, asked)) } else { Err(Problem::invalid(wrong)) }
    }
}

/// A tenant in the list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedTenantOut {
    id: Uuid,
    slug: String,
    name: String,
    /// The plan's name.
    plan: String,
    #[schema(value_type = schema::TenantStateWord)]
    state: &'static str,
    #[schema(value_type = schema::Time)]
    state_since: Timestamp,
    /// The first owner's; absent when the tenant is erased.
    #[schema(value_type = Option<schema::Email>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_email: Option<String>,
    #[schema(value_type = schema::Amount)]
    balance: Money,
    /// Messages of this month (UTC) that were debited.
    messages_used: i64,
    #[schema(value_type = schema::PlanLimit)]
    messages_max: i64,
    /// The limits of its plan of which four fifths are used, or more.
    #[schema(value_type = Vec<schema::LimitName>)]
    near_limits: Vec<&'static str>,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
}

impl From<&ListedTenant> for ListedTenantOut {
    fn from(tenant: &ListedTenant) -> Self {
        let messages = tenant.usage.iter().find(|usage| usage.quantity == Quantity::Messages);
        let near = tenant.usage.iter().filter(|usage| usage.is_near());
        Self {
            id: tenant.tenant_id.0,
            slug: tenant.slug.clone(),
            name: tenant.name.clone(),
            plan: tenant.plan_name.clone(),
            state: tenant.state.as_str(),
            state_since: tenant.state_since,
            owner_email: tenant.owner_email.clone(),
            balance: tenant.balance,
            messages_used: messages.map_or(0, |usage| usage.used),
            messages_max: messages.map_or(0, |usage| usage.max),
            near_limits: near.map(|usage| usage.quantity.limit()).collect(),
            created_at: tenant.created_at,
        }
    }
}

/// The businesses on the platform, newest first.
///
/// Needs the role `SUPER_ADMIN`. Pass `nextCursor` as `cursor`, with the same `q`, `state` and `plan`, to get the next page.
#[utoipa::path(get, path = "/admin/tenants", operation_id = "listTenants", tag = "admin", security(("bearer" = [])), params(TenantsQuery), responses(
    (status = 200, body = Page<ListedTenantOut>),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    Queried(query): Queried<TenantsQuery>,
) -> Result<Json<Page<ListedTenantOut>>, ProblemResponse> {
    let (Cursor { before, limit }, asked) = query.read()?;
    let tenants = ops::tenants::look::list_tenants(&app.platform, &permit, asked, before, limit).await?;
    Ok(Json(Page::of(&tenants, limit, |tenant| tenant.tenant_id)))
}

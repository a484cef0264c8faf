//! What the platform sells.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Money;
use http_kit::{Allowed, App, Body, IdempotencyKey, Problem, ProblemBody};
use jiff::Timestamp;
use ops::{Member, SuperAdmin};
use serde::{Deserialize, Serialize};
use store::tenants::plans::Plan;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewPlan {
    #[schema(example = "Growth")]
    name: String,
    /// A month, up to six decimals.
    #[schema(value_type = f64, example = 99.00)]
    monthly_price: Money,
    #[schema(example = 100_000)]
    messages_per_month: i64,
    #[schema(example = 50_000)]
    contacts: i64,
    #[schema(example = 100)]
    templates: i64,
    #[schema(example = 3)]
    phone_numbers: i64,
    #[schema(example = 10)]
    users: i64,
    #[schema(example = 1_200)]
    requests_per_minute: i64,
    /// On top of Meta's price, in hundredths of a percent.
    #[schema(example = 1_500)]
    margin_bps: i32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanView {
    id: Uuid,
    #[serde(flatten)]
    plan: NewPlan,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

fn view(plan: Plan) -> PlanView {
    PlanView {
        id: plan.plan_id,
        plan: NewPlan {
            name: plan.name,
            monthly_price: plan.monthly_price,
            messages_per_month: plan.messages_per_month,
            contacts: plan.contacts_max,
            templates: plan.templates_max,
            phone_numbers: plan.phone_numbers_max,
            users: plan.users_max,
            requests_per_minute: plan.requests_per_minute,
            margin_bps: plan.margin_bps,
        },
        created_at: plan.created_at,
    }
}

/// Every plan, cheapest first.
#[utoipa::path(get, path = "/plans", tag = "admin", security(("bearer" = [])), responses(
    (status = 200, body = [PlanView]),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(by): Allowed<Member>,
) -> Result<Json<Vec<PlanView>>, Problem> {
    let plans = ops::tenants::plans::list_plans(&app.platform, &by).await?;
    Ok(Json(plans.into_iter().map(view).collect()))
}

/// Makes a plan. Needs the role `SUPER_ADMIN`.
#[utoipa::path(post, path = "/plans", tag = "admin", security(("bearer" = [])), request_body = NewPlan,
    params(IdempotencyKey), responses(
    (status = 201, body = PlanView),
    (status = 403, body = ProblemBody),
    (status = 409, description = "There is a plan of that name", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(by): Allowed<SuperAdmin>,
    key: IdempotencyKey,
    Body(asked): Body<NewPlan>,
) -> Result<(StatusCode, Json<PlanView>), Problem> {
    let key = key.of(by.tenant(), "create_plan", &asked)?;
    let plan = Plan {
        plan_id: Uuid::nil(),
        name: asked.name,
        monthly_price: asked.monthly_price,
        messages_per_month: asked.messages_per_month,
        contacts_max: asked.contacts,
        templates_max: asked.templates,
        phone_numbers_max: asked.phone_numbers,
        users_max: asked.users,
        requests_per_minute: asked.requests_per_minute,
        margin_bps: asked.margin_bps,
        created_at: Timestamp::UNIX_EPOCH,
    };
    let made = ops::tenants::plans::create_plan(&app.platform, &by, plan, key).await?;
    Ok((StatusCode::CREATED, Json(view(made))))
}

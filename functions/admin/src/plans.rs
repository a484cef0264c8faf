//! A plan as both routes show it.

pub(crate) mod create;
pub(crate) mod list;

use api::schema;
use domain::Money;
use jiff::Timestamp;
use ops::tenants::plans::Plan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A plan to be created. The limits are not enforced yet.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewPlan {
    #[schema(value_type = schema::PlanName)]
    name: String,
    /// Of a month.
    #[schema(value_type = schema::Price)]
    monthly_price: Money,
    #[schema(value_type = schema::PlanLimit)]
    messages_per_month: i64,
    #[schema(value_type = schema::PlanLimit)]
    contacts: i64,
    #[schema(value_type = schema::PlanLimit)]
    templates: i64,
    #[schema(value_type = schema::PlanLimit)]
    phone_numbers: i64,
    #[schema(value_type = schema::PlanLimit)]
    users: i64,
    #[schema(value_type = schema::PlanLimit)]
    requests_per_minute: i64,
    #[schema(value_type = schema::MarginBps)]
    margin_bps: i32,
}

/// A plan that the platform sells.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlanOut {
    id: Uuid,
    #[schema(value_type = schema::PlanName)]
    name: String,
    /// Of a month.
    #[schema(value_type = schema::Amount)]
    monthly_price: Money,
    #[schema(value_type = schema::PlanLimit)]
    messages_per_month: i64,
    #[schema(value_type = schema::PlanLimit)]
    contacts: i64,
    #[schema(value_type = schema::PlanLimit)]
    templates: i64,
    #[schema(value_type = schema::PlanLimit)]
    phone_numbers: i64,
    #[schema(value_type = schema::PlanLimit)]
    users: i64,
    #[schema(value_type = schema::PlanLimit)]
    requests_per_minute: i64,
    #[schema(value_type = schema::MarginBps)]
    margin_bps: i32,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
}

impl From<Plan> for PlanOut {
    fn from(plan: Plan) -> Self {
        Self {
            id: plan.plan_id.0,
            name: plan.name,
            monthly_price: plan.monthly_price,
            messages_per_month: plan.messages_per_month,
            contacts: plan.contacts_max,
            templates: plan.templates_max,
            phone_numbers: plan.phone_numbers_max,
            users: plan.users_max,
            requests_per_minute: plan.requests_per_minute,
            margin_bps: plan.margin_bps,
            created_at: plan.created_at,
        }
    }
}

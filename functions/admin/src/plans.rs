//! A plan as both routes show it.

pub(crate) mod create;
pub(crate) mod list;

use domain::Money;
use jiff::Timestamp;
use ops::tenants::plans::Plan;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The limits are not enforced yet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NewPlan {
    #[schema(example = "Growth")]
    name: String,
    /// Price of a month, up to six decimals.
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
pub(crate) struct PlanOut {
    id: Uuid,
    #[serde(flatten)]
    plan: NewPlan,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Plan> for PlanOut {
    fn from(plan: Plan) -> Self {
        Self {
            id: plan.plan_id.0,
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
}

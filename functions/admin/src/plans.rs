//! A plan as every route shows it.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;

use api::schema;
use domain::Money;
use jiff::Timestamp;
use ops::tenants::plans::{Plan, PlannedTerms, Terms};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A plan to be created.
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
    #[serde(flatten)]
    terms: TermsOut,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    /// Since when it takes no new tenants; absent while it does.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<Timestamp>,
    /// What it will cost and allow later, in order; absent when nothing is planned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    planned: Vec<PlannedOut>,
}

/// What a plan costs and allows.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TermsOut {
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
}

/// What a plan costs and allows from a time on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PlannedOut {
    #[schema(value_type = schema::Time)]
    from: Timestamp,
    #[serde(flatten)]
    terms: TermsOut,
}

impl From<Plan> for PlanOut {
    fn from(plan: Plan) -> Self {
        Self {
            id: plan.plan_id.0,
            name: plan.name,
            terms: plan.terms.into(),
            created_at: plan.created_at,
            archived_at: plan.archived_at,
            planned: plan.planned.into_iter().map(PlannedOut::from).collect(),
        }
    }
}

impl From<Terms> for TermsOut {
    fn from(terms: Terms) -> Self {
        Self {
            monthly_price: terms.monthly_price,
            messages_per_month: terms.messages_per_month,
            contacts: terms.contacts_max,
            templates: terms.templates_max,
            phone_numbers: terms.phone_numbers_max,
            users: terms.users_max,
            requests_per_minute: terms.requests_per_minute,
            margin_bps: terms.margin_bps,
        }
    }
}

impl From<PlannedTerms> for PlannedOut {
    fn from(PlannedTerms { effective_from, terms }: PlannedTerms) -> Self {
        Self { from: effective_from, terms: terms.into() }
    }
}

impl From<NewPlan> for ops::tenants::plans::NewPlan {
    fn from(request: NewPlan) -> Self {
        let terms = Terms {
            monthly_price: request.monthly_price,
            messages_per_month: request.messages_per_month,
            contacts_max: request.contacts,
            templates_max: request.templates,
            phone_numbers_max: request.phone_numbers,
            users_max: request.users,
            requests_per_minute: request.requests_per_minute,
            margin_bps: request.margin_bps,
        };
        Self { name: request.name, terms }
    }
}

//! `GET /tenant/plan`, and the subscription as it is shown.

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::tenants::usage::{Quantity, Usage};
use http_kit::{ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::TenantReader;
use ops::tenants::subscription::Subscription;
use serde::Serialize;
use utoipa::ToSchema;

use crate::plans::PlanOut;

/// A tenant's plan, and how much of it is used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SubscriptionOut {
    plan: PlanOut,
    /// Since when the tenant has this plan.
    #[schema(value_type = schema::Time)]
    since: Timestamp,
    /// The tenant's own margin; absent when its plan's holds.
    #[schema(value_type = Option<schema::MarginBps>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    margin_bps: Option<i32>,
    limits: Vec<LimitOut>,
}

/// How much of a limit is used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LimitOut {
    #[schema(value_type = schema::LimitName)]
    limit: &'static str,
    used: i64,
    #[schema(value_type = schema::PlanLimit)]
    max: i64,
    /// How many more the plan allows: 0 also when more are used than a smaller plan allows.
    left: i64,
    /// Whether four fifths are used, or more.
    is_near: bool,
    /// When it is counted anew; absent for what is not counted by month.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<Timestamp>,
}

impl From<Subscription> for SubscriptionOut {
    fn from(subscription: Subscription) -> Self {
        let Subscription { plan, since, margin_bps, usage, month_ends } = subscription;
        let limit = |of: Usage| LimitOut {
            limit: of.quantity.limit(),
            used: of.used,
            max: of.max,
            left: of.left(),
            is_near: of.is_near(),
            resets_at: (of.quantity == Quantity::Messages).then_some(month_ends),
        };
        Self { plan: plan.into(), since, margin_bps, limits: usage.into_iter().map(limit).collect() }
    }
}

/// The tenant's plan, with how much of each limit is used.
///
/// `max` may be lower than `used` after a change to a smaller plan: nothing is deleted, and nothing can be added.
#[utoipa::path(get, path = "/tenant/plan", operation_id = "getSubscription", tag = "tenant", security(("bearer" = ["tenant:read"])), responses(
    (status = 200, body = SubscriptionOut),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn subscription(
    State(app): State<App>,
    Allowed(permit): Allowed<TenantReader>,
) -> Result<Json<SubscriptionOut>, ProblemResponse> {
    Ok(Json(ops::tenants::subscription::subscription(&app.platform, &permit).await?.into()))
}

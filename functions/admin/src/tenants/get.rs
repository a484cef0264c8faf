//! `GET /admin/tenants/{id}`, and a tenant as the platform's owner is shown it.

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::holds::Hold;
use domain::problem::Kind;
use domain::{Money, Problem, TenantId, TenantState};
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::SuperAdmin;
use ops::tenants::look::{Connected, StateChange, TenantDetails};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::tenants::subscription::SubscriptionOut;

/// Everything about a tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantOut {
    id: Uuid,
    slug: String,
    name: String,
    /// The plan's name.
    plan: String,
    #[schema(value_type = schema::TenantStateWord)]
    state: &'static str,
    #[schema(value_type = schema::Time)]
    state_since: Timestamp,
    /// The states that it may be put into.
    #[schema(value_type = Vec<schema::TenantStateWord>)]
    may_become: Vec<&'static str>,
    /// The state that follows by itself; absent when none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    followed_by: Option<FollowingOut>,
    /// The first owner's; absent when the tenant is erased.
    #[schema(value_type = Option<schema::Email>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    owner_email: Option<String>,
    #[schema(value_type = schema::Amount)]
    balance: Money,
    /// As the tenant sees it.
    subscription: SubscriptionOut,
    /// What is not sent for now, and why.
    holds: Vec<TenantHoldOut>,
    numbers: Vec<TenantNumberOut>,
    /// How its states followed each other, newest first, a hundred at most.
    states: Vec<StateChangeOut>,
    /// Since when its data is being erased; absent while it is not.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    erasing_since: Option<Timestamp>,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
struct FollowingOut {
    #[schema(value_type = schema::TenantStateWord)]
    state: &'static str,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TenantHoldOut {
    #[schema(value_type = schema::HoldKind)]
    kind: String,
    #[schema(value_type = schema::HoldWord)]
    reason: &'static str,
    detail: String,
    #[schema(value_type = schema::Time)]
    since: Timestamp,
    /// When it ends by itself, if it does.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    resumes_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TenantNumberOut {
    /// Meta's id of the number.
    id: String,
    display_phone_number: String,
    waba_id: String,
    #[schema(value_type = schema::NumberState)]
    state: &'static str,
    /// Why nothing is sent through its account.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_reason: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StateChangeOut {
    #[schema(value_type = schema::TenantStateWord)]
    before: &'static str,
    #[schema(value_type = schema::TenantStateWord)]
    after: &'static str,
    #[schema(value_type = schema::StateReason)]
    reason: String,
    /// `user:<id>`, or `system` when it followed by itself.
    by: String,
    #[schema(value_type = schema::Time)]
    at: Timestamp,
}

impl From<TenantDetails> for TenantOut {
    fn from(details: TenantDetails) -> Self {
        let TenantDetails { tenant, owner_email, balance, subscription, holds, numbers, states, .. } =
            details;
        let followed_by = details.followed_by.map(|(state, at)| FollowingOut { state: state.as_str(), at });
        let unfinished = details.erasure.filter(|erasure| erasure.finished_at.is_none());
        Self {
            id: tenant.tenant_id.0,
            slug: tenant.slug,
            name: tenant.name,
            plan: tenant.plan_name,
            state: tenant.state.as_str(),
            state_since: tenant.state_since,
            may_become: details.may_become.iter().copied().map(TenantState::as_str).collect(),
            followed_by,
            owner_email,
            balance,
            subscription: subscription.into(),
            holds: holds.into_iter().map(TenantHoldOut::from).collect(),
            numbers: numbers.into_iter().map(TenantNumberOut::from).collect(),
            states: states.into_iter().map(StateChangeOut::from).collect(),
            erasing_since: unfinished.map(|erasure| erasure.begun_at),
            created_at: tenant.created_at,
        }
    }
}

impl From<Hold> for TenantHoldOut {
    fn from(hold: Hold) -> Self {
        let Hold { kind, reason, detail, since, resumes_at } = hold;
        Self { kind, reason: reason.as_str(), detail, since, resumes_at }
    }
}

impl From<Connected> for TenantNumberOut {
    fn from(connected: Connected) -> Self {
        let Connected { number, paused_reason, is_held, disconnected_at } = connected;
        let state = if disconnected_at.is_some() {
            "DISCONNECTED"
        } else if paused_reason.is_some() {
            "PAUSED"
        } else if is_held {
            "HELD"
        } else {
            "CONNECTED"
        };
        Self {
            id: number.phone_number_id.0,
            display_phone_number: number.display_phone_number,
            waba_id: number.waba_id.0,
            state,
            paused_reason,
        }
    }
}

impl From<StateChange> for StateChangeOut {
    fn from(change: StateChange) -> Self {
        Self {
            before: change.before.as_str(),
            after: change.after.as_str(),
            reason: change.reason,
            by: change.changed_by,
            at: change.changed_at,
        }
    }
}

/// One business: its plan and use, what holds it up, its numbers, and how its states followed each other.
///
/// Needs the role `SUPER_ADMIN`.
#[utoipa::path(get, path = "/admin/tenants/{id}", operation_id = "getTenant", tag = "admin", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = TenantOut),
    (status = 403, body = ProblemBody),
    (status = 404, description = "There is no such tenant", body = ProblemBody),
))]
pub(crate) async fn get(
    State(app): State<App>,
    Allowed(permit): Allowed<SuperAdmin>,
    IdInPath(tenant): IdInPath<TenantId>,
) -> Result<Json<TenantOut>, ProblemResponse> {
    let details = ops::tenants::look::find_tenant(&app.platform, &permit, tenant).await?;
    Ok(Json(details.ok_or_else(|| Problem::new(Kind::NotFound))?.into()))
}

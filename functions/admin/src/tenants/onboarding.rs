//! `GET /tenant/onboarding`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::tenants::OnboardingStep;
use http_kit::{ProblemBody, ProblemResponse};
use ops::TenantReader;
use ops::tenants::onboarding::Checked;
use serde::Serialize;
use utoipa::ToSchema;

/// What a tenant needs before its first message is delivered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OnboardingOut {
    /// Whether every step is done.
    is_done: bool,
    steps: Vec<StepOut>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StepOut {
    #[schema(value_type = schema::OnboardingWord)]
    step: &'static str,
    is_done: bool,
    /// What to do; absent when it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    to_do: Option<&'static str>,
}

impl From<Checked> for StepOut {
    fn from(Checked { step, to_do }: Checked) -> Self {
        Self { step: OnboardingStep::as_str(step), is_done: to_do.is_none(), to_do }
    }
}

/// What is set up, and what is still to do before a message is delivered.
///
/// The steps in their order: a number, Meta's webhooks, an approved template, credit, a message that was delivered.
#[utoipa::path(get, path = "/tenant/onboarding", operation_id = "getOnboarding", tag = "tenant", security(("bearer" = ["tenant:read"])), responses(
    (status = 200, body = OnboardingOut),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn onboarding(
    State(app): State<App>,
    Allowed(permit): Allowed<TenantReader>,
) -> Result<Json<OnboardingOut>, ProblemResponse> {
    let steps = ops::tenants::onboarding::onboarding(&app.platform, &permit).await?;
    let steps: Vec<StepOut> = steps.into_iter().map(StepOut::from).collect();
    Ok(Json(OnboardingOut { is_done: steps.iter().all(|step| step.is_done), steps }))
}

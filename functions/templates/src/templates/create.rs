//! `POST /templates`

use api::{Allowed, App, Keyed, KeyedBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Category;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::TenantAdmin;
use ops::templates::create::NewTemplate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::templates::TemplateOut;

const LANGUAGE_DEFAULT: &str = "en_US";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateTemplate {
    #[schema(example = "welcome_message")]
    name: String,
    #[schema(example = "Hello {{1}}, welcome!")]
    content: String,
    /// Your names for `{{1}}`, `{{2}}`, … in order.
    #[schema(example = json!(["name"]))]
    #[serde(default)]
    variables: Vec<String>,
    /// Meta's language code; `en_US` when absent.
    #[serde(default)]
    language: Option<String>,
    /// `AUTHENTICATION`, `UTILITY` or `MARKETING`; `UTILITY` when absent.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    category: Option<Category>,
    /// Accepted and ignored: Meta gives the id.
    #[serde(default)]
    #[expect(dead_code, reason = "it only has to be accepted")]
    meta_template_id: Option<String>,
    /// Accepted and ignored: Meta decides the status.
    #[serde(default)]
    #[expect(dead_code, reason = "it only has to be accepted")]
    status: Option<String>,
}

impl KeyedBody for CreateTemplate {}

impl From<CreateTemplate> for NewTemplate {
    fn from(request: CreateTemplate) -> Self {
        let CreateTemplate { name, content, variables, language, category, meta_template_id: _, status: _ } =
            request;
        Self {
            name,
            content,
            variables,
            language: language.unwrap_or_else(|| LANGUAGE_DEFAULT.to_owned()),
            category: category.unwrap_or(Category::Utility),
        }
    }
}

/// Saves a template and submits it to Meta.
#[utoipa::path(post, path = "/templates", tag = "templates", security(("bearer" = [])), request_body = CreateTemplate,
    params(IdempotencyKey),
    responses(
        (status = 201, body = TemplateOut),
        (status = 409, description = "A template of that name and language already exists", body = ProblemBody),
        (status = 422, description = "Not valid, not connected to WhatsApp, or refused by Meta", body = ProblemBody),
        (status = 502, description = "Meta could not be reached; try again", body = ProblemBody),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(permit): Allowed<TenantAdmin>,
    Keyed(request, key): Keyed<CreateTemplate>,
) -> Result<(StatusCode, Json<TemplateOut>), ProblemResponse> {
    let template =
        ops::templates::create::create_template(&app.platform, &permit, request.into(), key).await?;
    Ok((StatusCode::CREATED, Json(TemplateOut::from(&template))))
}

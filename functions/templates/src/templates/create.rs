//! `POST /templates`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Category;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::TemplateWriter;
use ops::templates::create::NewTemplate;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::templates::TemplateOut;

const LANGUAGE_DEFAULT: &str = "en_US";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct CreateTemplate {
    #[schema(value_type = schema::TemplateName)]
    name: String,
    /// Meta words a template of the category `AUTHENTICATION` itself, and its words replace these.
    #[schema(value_type = schema::TemplateText)]
    content: String,
    #[schema(value_type = schema::VariableNames, required = false)]
    #[serde(default)]
    variables: Vec<String>,
    /// `en_US` when absent.
    #[schema(value_type = Option<schema::Language>)]
    #[serde(default)]
    language: Option<String>,
    /// `UTILITY` when absent.
    #[schema(value_type = Option<schema::TemplateCategory>)]
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

/// Saves a template and submits it to Meta; a rejected template of that name is corrected.
///
/// Needs a connected WhatsApp Business account. Only Meta decides the status; a template can be sent once it is `APPROVED`.
/// A plan counts templates that Meta has not deleted.
#[utoipa::path(post, path = "/templates", operation_id = "createTemplate", tag = "templates", security(("bearer" = ["templates:write"])), request_body = CreateTemplate,
    params(IdempotencyKey),
    responses(
        (status = 201, body = TemplateOut),
        (status = 403, description = "Your role does not allow this, or your plan no more templates", body = ProblemBody),
        (status = 409, description = "A template of that name and language already exists, here or with other words at Meta", body = ProblemBody),
        (status = 422, description = "Not valid, not connected to WhatsApp, or refused by Meta", body = ProblemBody),
        (status = 502, description = "Meta could not be reached; try again", body = ProblemBody),
    ))]
pub(crate) async fn create(
    State(app): State<App>,
    Allowed(permit): Allowed<TemplateWriter>,
    Keyed(request, key): Keyed<CreateTemplate>,
) -> Result<(StatusCode, Json<TemplateOut>), ProblemResponse> {
    let template =
        ops::templates::create::create_template(&app.platform, &permit, request.into(), key).await?;
    Ok((StatusCode::CREATED, Json(TemplateOut::from(&template))))
}

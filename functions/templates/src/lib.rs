//! Message templates, and the connection to WhatsApp that they live on.

mod whatsapp;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{Category, TemplateId};
use http_kit::{Allowed, App, Body, Cursor, IdempotencyKey, Page, PageQuery, Problem, ProblemBody};
use jiff::Timestamp;
use ops::templates::create::NewTemplate;
use ops::{TenantAdmin, Viewer};
use serde::{Deserialize, Serialize};
use store::templates::Template;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(whatsapp::connect))
}

const LANGUAGE_DEFAULT: &str = "en_US";

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct CreateTemplate {
    #[schema(example = "welcome_message")]
    name: String,
    #[schema(example = "Hello {{1}}, welcome!")]
    content: String,
    /// Your names of `{{1}}`, `{{2}}`, … in order.
    #[schema(example = json!(["name"]))]
    #[serde(default)]
    variables: Vec<String>,
    /// Meta's code; `en_US` when absent.
    #[serde(default)]
    language: Option<String>,
    /// `AUTHENTICATION`, `UTILITY` or `MARKETING`; `UTILITY` when absent.
    #[schema(value_type = Option<String>)]
    #[serde(default)]
    category: Option<Category>,
    /// Taken and not believed: Meta gives the id.
    #[serde(default)]
    meta_template_id: Option<String>,
    /// Taken and not believed: Meta says what is approved.
    #[serde(default)]
    status: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TemplateView {
    id: Uuid,
    name: String,
    content: String,
    variables: Vec<String>,
    language: String,
    #[schema(value_type = String)]
    category: Category,
    /// Meta's word; only an `APPROVED` template can be sent.
    status: String,
    meta_template_id: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

fn view(template: &Template) -> TemplateView {
    TemplateView {
        id: template.template_id.0,
        name: template.name.clone(),
        content: template.body.clone(),
        variables: template.variables.clone(),
        language: template.language.clone(),
        category: template.category,
        status: template.status.clone(),
        meta_template_id: template.meta_template_id.clone(),
        created_at: template.created_at,
        updated_at: template.updated_at,
    }
}

/// Writes a template down and offers it to Meta.
#[utoipa::path(post, path = "/templates", tag = "templates", security(("bearer" = [])), request_body = CreateTemplate,
    params(IdempotencyKey),
    responses(
        (status = 201, body = TemplateView),
        (status = 409, description = "There is a template of that name and language", body = ProblemBody),
        (status = 422, description = "Not valid, not connected, or refused by Meta", body = ProblemBody),
        (status = 502, description = "Meta could not be reached; ask again", body = ProblemBody),
    ))]
async fn create(
    State(app): State<App>,
    Allowed(by): Allowed<TenantAdmin>,
    key: IdempotencyKey,
    Body(asked): Body<CreateTemplate>,
) -> Result<(StatusCode, Json<TemplateView>), Problem> {
    let key = key.of(by.tenant(), "create_template", &asked)?;
    let new = NewTemplate {
        name: asked.name,
        content: asked.content,
        variables: asked.variables,
        language: asked.language.unwrap_or_else(|| LANGUAGE_DEFAULT.to_owned()),
        category: asked.category.unwrap_or(Category::Utility),
    };
    let template = ops::templates::create::create_template(&app.platform, &by, new, key).await?;
    Ok((StatusCode::CREATED, Json(view(&template))))
}

/// The tenant's templates, newest first.
#[utoipa::path(get, path = "/templates", tag = "templates", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<TemplateView>),
    (status = 401, body = ProblemBody),
))]
async fn list(
    State(app): State<App>,
    Allowed(by): Allowed<Viewer>,
    cursor: Cursor<TemplateId>,
) -> Result<Json<Page<TemplateView>>, Problem> {
    let templates =
        ops::templates::list::list_templates(&app.platform, &by, cursor.before.0, cursor.limit).await?;
    Ok(Json(Page::of(&templates, cursor.limit, |template| template.template_id, view)))
}

//! A template as both routes show it.

pub(crate) mod create;
pub(crate) mod list;

use api::schema;
use domain::Category;
use jiff::Timestamp;
use ops::templates::list::Template;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateOut {
    id: Uuid,
    name: String,
    content: String,
    variables: Vec<String>,
    language: String,
    #[schema(value_type = schema::TemplateCategory)]
    category: Category,
    /// The status at Meta; only an `APPROVED` template can be sent.
    status: String,
    meta_template_id: Option<String>,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
    #[schema(value_type = schema::Time)]
    updated_at: Timestamp,
}

impl From<&Template> for TemplateOut {
    fn from(template: &Template) -> Self {
        Self {
            id: template.template_id.0,
            name: template.name.clone(),
            content: template.body.clone(),
            variables: template.variables.clone(),
            language: template.language.clone(),
            category: template.category,
            status: template.status.to_string(),
            meta_template_id: template.meta_template_id.clone(),
            created_at: template.created_at,
            updated_at: template.updated_at,
        }
    }
}

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
    /// Meta's reason for the status, such as `INVALID_FORMAT`. Post a corrected text under the same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The words that Meta has, where they are not `content`: nothing is sent until they are the same. Post these words to
    /// take them over.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_at_meta: Option<String>,
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
            reason: template.reason.clone(),
            content_at_meta: template.content_at_meta.clone(),
            meta_template_id: template.meta_template_id.clone(),
            created_at: template.created_at,
            updated_at: template.updated_at,
        }
    }
}

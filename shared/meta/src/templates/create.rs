//! Creating and editing templates.

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::category::TemplateCategory;
use super::content::TemplateContent;
use super::remote::RemoteTemplate;
use crate::client::{Client, object, word};
use crate::error::CallError;
use crate::wire::{Id, present};

/// A template to create. It is identified by name and language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTemplate {
    /// At most 512 lower-case letters, digits and underscores.
    pub name: String,
    pub language: String,
    /// Meta writes the texts of AUTHENTICATION templates itself.
    pub category: TemplateCategory,
    pub content: TemplateContent,
    pub options: TemplateOptions,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateOptions {
    /// How long Meta tries to deliver its messages, in seconds (Meta: time-to-live): 30 to 900 for authentication, 30
    /// to 43,200 for utility, 43,200 to 2,592,000 for marketing; -1 means 30 days for the first two.
    pub message_send_ttl_seconds: Option<i32>,
    /// Whether Meta may choose another category instead of refusing.
    pub allow_category_change: Option<bool>,
    /// Whether Meta must not rewrite its links to count clicks.
    pub cta_url_link_tracking_opted_out: Option<bool>,
    /// `ORDER_DETAILS` or `ORDER_STATUS` (Meta: payments API).
    pub sub_category: Option<String>,
    /// `ORDER_DETAILS`.
    pub display_format: Option<String>,
}

/// Changes to a template; [`None`] leaves a part as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateEdit {
    /// Cannot be changed once the template is approved.
    pub category: Option<TemplateCategory>,
    /// Replaces all components.
    pub content: Option<TemplateContent>,
    /// See [`TemplateOptions::message_send_ttl_seconds`].
    pub message_send_ttl_seconds: Option<i32>,
}

/// What Meta answers about a created or found template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateState {
    pub id: String,
    /// Mostly `PENDING`; Meta may also answer `APPROVED` or `REJECTED` at once.
    pub status: String,
    /// The current category: Meta may have changed it.
    pub category: Option<TemplateCategory>,
}

#[derive(Deserialize)]
struct Created {
    id: Id,
    status: Option<String>,
    category: Option<String>,
}

/// The status of a template when Meta names none.
const PENDING: &str = "PENDING";

impl From<RemoteTemplate> for TemplateState {
    fn from(remote: RemoteTemplate) -> Self {
        Self {
            id: remote.id,
            status: remote.status.unwrap_or_else(|| PENDING.to_owned()),
            category: remote.category,
        }
    }
}

/// What the answer to a creation says of it.
impl From<TemplateState> for RemoteTemplate {
    fn from(state: TemplateState) -> Self {
        Self {
            id: state.id,
            name: None,
            language: None,
            status: Some(state.status),
            category: state.category,
            sub_category: None,
            previous_category: None,
            correct_category: None,
            parameter_format: None,
            components: Vec::new(),
            rejected_reason: None,
            quality: None,
            message_send_ttl_seconds: None,
        }
    }
}

impl Created {
    fn read(self) -> TemplateState {
        TemplateState {
            id: self.id.into(),
            status: self.status.unwrap_or_else(|| PENDING.to_owned()),
            category: self.category.as_deref().map(TemplateCategory::read),
        }
    }
}

impl NewTemplate {
    fn json(&self) -> Value {
        let components = self.content.json();
        present(json!({
            "name": self.name,
            "language": self.language,
            "category": self.category.as_str(),
            "parameter_format": self.content.parameter_format(),
            "components": (!components.is_empty()).then_some(components),
            "message_send_ttl_seconds": self.options.message_send_ttl_seconds,
            "allow_category_change": self.options.allow_category_change,
            "cta_url_link_tracking_opted_out": self.options.cta_url_link_tracking_opted_out,
            "sub_category": self.options.sub_category,
            "display_format": self.options.display_format,
        }))
    }
}

impl TemplateEdit {
    fn json(&self) -> Value {
        let content = self.content.as_ref();
        present(json!({
            "category": self.category.as_ref().map(TemplateCategory::as_str),
            "parameter_format": content.and_then(TemplateContent::parameter_format),
            "components": content.map(TemplateContent::json),
            "message_send_ttl_seconds": self.message_send_ttl_seconds,
        }))
    }
}

impl Client {
    /// Creates a template (`POST /{waba}/message_templates`; Meta: message templates API), at most a hundred an hour.
    /// An existing name and language are refused with 100/2388024.
    pub async fn create_template(
        &self,
        token: &SecretString,
        waba: &str,
        template: &NewTemplate,
    ) -> Result<TemplateState, CallError> {
        let request = self.authorized(Method::POST, &[object(waba)?, word("message_templates")], token);
        Ok(self.call::<Created>(request.json(&template.json())).await?.read())
    }

    /// Edits a template (`POST /{template_id}`; Meta: edit templates), which Meta then reviews again. Only approved,
    /// rejected and paused templates can be edited; an approved one once in 24 hours and ten times in 30 days (2388039
    /// otherwise).
    pub async fn edit_template(
        &self,
        token: &SecretString,
        id: &str,
        edit: &TemplateEdit,
    ) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[object(id)?], token).json(&edit.json())).await
    }
}

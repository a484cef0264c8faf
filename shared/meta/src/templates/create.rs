//! Offering templates to Meta and changing them.

use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::category::TemplateCategory;
use super::content::TemplateContent;
use super::remote::RemoteTemplate;
use crate::client::Client;
use crate::error::CallError;
use crate::wire::{Id, present};

/// A template to be created. Name and language together name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTemplate {
    /// At most 512 lower-case letters, digits and underscores.
    pub name: String,
    /// Such as `en_US`.
    pub language: String,
    /// What it is for. Meta writes the texts of AUTHENTICATION templates itself.
    pub category: TemplateCategory,
    /// What it is made of; nothing when it is taken from Meta's library.
    pub content: TemplateContent,
    /// What else can be set.
    pub options: TemplateOptions,
}

/// What else can be set of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateOptions {
    /// How long Meta tries to deliver its messages, in seconds (Meta: time-to-live): 30 to 900 for authentication, 30 to
    /// 43,200 for utility, 43,200 to 2,592,000 for marketing; -1 is 30 days for the first two.
    pub message_send_ttl_seconds: Option<i32>,
    /// Whether Meta may choose another category instead of refusing.
    pub allow_category_change: Option<bool>,
    /// Whether Meta may not rewrite its links to count taps.
    pub cta_url_link_tracking_opted_out: Option<bool>,
    /// More of what it is for: `ORDER_DETAILS` or `ORDER_STATUS` (Meta: payments API).
    pub sub_category: Option<String>,
    /// How it is shown: `ORDER_DETAILS`.
    pub display_format: Option<String>,
}

/// What changes of a template; what is [`None`] stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateEdit {
    /// What it is for; not of an approved one.
    pub category: Option<TemplateCategory>,
    /// What it is made of: all of it.
    pub content: Option<TemplateContent>,
    /// How long Meta tries to deliver its messages, in seconds.
    pub message_send_ttl_seconds: Option<i32>,
}

/// What Meta says of a template when it is offered, or is found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateState {
    /// Meta's id of it.
    pub id: String,
    /// Meta's word: mostly `PENDING`, but `APPROVED` and `REJECTED` are said at once as well.
    pub status: String,
    /// What it is for now: Meta may have moved it.
    pub category: Option<TemplateCategory>,
}

#[derive(Deserialize)]
struct Created {
    id: Id,
    status: Option<String>,
    category: Option<String>,
}

/// What a template is until Meta says otherwise.
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
    /// Offers a template to Meta (`POST /{waba}/message_templates`; Meta: message templates API), at most a hundred an
    /// hour. A name and language that exist are refused with 100/2388024.
    pub async fn create_template(
        &self,
        token: &SecretString,
        waba: &str,
        template: &NewTemplate,
    ) -> Result<TemplateState, CallError> {
        let request = self.authorized(Method::POST, &[waba, "message_templates"], token);
        Ok(self.call::<Created>(request.json(&template.json())).await?.read())
    }

    /// Changes a template (`POST /{template_id}`; Meta: edit templates), which Meta then reviews again. Only what is
    /// approved, rejected or paused can be changed; what is approved once in 24 hours and ten times in 30 days
    /// (2388039 otherwise).
    pub async fn edit_template(
        &self,
        token: &SecretString,
        id: &str,
        edit: &TemplateEdit,
    ) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[id], token).json(&edit.json())).await
    }
}

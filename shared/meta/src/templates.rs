//! Message templates at Meta: listing, deleting and unpausing them.
//!
//! `create` creates and edits templates; `content` and `button` are their components, `variable` their
//! variables and `upload` the examples of their headers; `remote` is what Meta returns; `archive` archives them.

use reqwest::Method;
use secrecy::SecretString;

use crate::client::{Client, object, word};
use crate::error::CallError;
use crate::wire::{Listed, PAGE_ITEMS, Page, PageQuery};

mod archive;
mod button;
mod category;
mod content;
mod create;
mod remote;
mod upload;
mod variable;

pub use archive::Archived;
pub use button::{FlowSource, OtpApp, OtpApps, OtpButton, OtpKind, TemplateButton};
pub use category::TemplateCategory;
pub use content::{
    LimitedTimeOffer, MediaFormat, TemplateBody, TemplateCard, TemplateContent, TemplateFooter,
    TemplateHeader,
};
pub use create::{NewTemplate, TemplateEdit, TemplateOptions, TemplateState};
pub use remote::{RemoteButton, RemoteComponent, RemoteTemplate, TemplateQuality};
pub use upload::NewUpload;
pub use variable::{Examples, variables};

/// Every field that [`RemoteTemplate`] reads.
pub const TEMPLATE_FIELDS: &[&str] = &[
    "id",
    "name",
    "language",
    "status",
    "category",
    "sub_category",
    "previous_category",
    "correct_category",
    "parameter_format",
    "components",
    "rejected_reason",
    "quality_score",
    "message_send_ttl_seconds",
];

/// Limit for one call that deletes or archives templates (Meta: template management).
pub const TEMPLATES_PER_CALL_MAX: usize = 100;

/// Filters of a template list, all of which must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemplateQuery<'a> {
    pub page: PageQuery<'a>,
    pub name: Option<&'a str>,
    /// Matches a part of the name or of the texts.
    pub name_or_content: Option<&'a str>,
    /// Matches a part of the texts.
    pub content: Option<&'a str>,
    /// Such as `en_US`.
    pub language: Option<&'a str>,
    /// Such as `APPROVED`.
    pub status: Option<&'a str>,
    /// Such as `UTILITY`.
    pub category: Option<&'a str>,
    /// Such as `GREEN`.
    pub quality_score: Option<&'a str>,
}

impl<'a> TemplateQuery<'a> {
    /// All templates with all fields, from the start or from a page's cursor.
    pub const fn everything(after: Option<&'a str>) -> Self {
        Self {
            page: PageQuery { fields: TEMPLATE_FIELDS, limit: Some(PAGE_ITEMS), after },
            name: None,
            name_or_content: None,
            content: None,
            language: None,
            status: None,
            category: None,
            quality_score: None,
        }
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        let filters = [
            ("name", self.name),
            ("name_or_content", self.name_or_content),
            ("content", self.content),
            ("language", self.language),
            ("status", self.status),
            ("category", self.category),
            ("quality_score", self.quality_score),
        ];
        let named = filters.into_iter().filter_map(|(key, value)| Some((key, value?.to_owned())));
        self.page.members().into_iter().chain(named).collect()
    }
}

/// Which templates to delete. The name of an approved template cannot be used again for 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateSelection<'a> {
    /// All languages of a name.
    Name(&'a str),
    /// One template, by Meta's id and its name.
    One { id: &'a str, name: &'a str },
    /// Several, by Meta's ids; at most [`TEMPLATES_PER_CALL_MAX`].
    Ids(&'a [String]),
}

impl TemplateSelection<'_> {
    fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Name(name) => vec![("name", (*name).to_owned())],
            Self::One { id, name } => vec![("hsm_id", (*id).to_owned()), ("name", (*name).to_owned())],
            Self::Ids(ids) => vec![("hsm_ids", format!("[{}]", ids.join(",")))],
        }
    }
}

impl Client {
    /// Reads a page of an account's templates (`GET /{waba}/message_templates`; Meta: get templates). Meta refuses a
    /// cursor that is too old with 131059: start again without one.
    pub async fn list_templates(
        &self,
        token: &SecretString,
        waba: &str,
        query: &TemplateQuery<'_>,
    ) -> Result<Page<RemoteTemplate>, CallError> {
        let request = self
            .authorized(Method::GET, &[object(waba)?, word("message_templates")], token)
            .query(&query.members());
        Ok(self.call::<Listed<remote::TemplateResponse>>(request).await?.page(remote::TemplateResponse::read))
    }

    /// Reads one template (`GET /{template_id}`; Meta: get a template). Without `fields` Meta chooses them.
    pub async fn template(
        &self,
        token: &SecretString,
        id: &str,
        fields: &[&str],
    ) -> Result<RemoteTemplate, CallError> {
        let query = PageQuery { fields, ..PageQuery::default() };
        let request = self.authorized(Method::GET, &[object(id)?], token).query(&query.members());
        Ok(self.call::<remote::TemplateResponse>(request).await?.read())
    }

    /// Deletes templates (`DELETE /{waba}/message_templates`; Meta: delete templates). A template with messages in
    /// flight is `PENDING_DELETION` for up to 30 days; a `DISABLED` one cannot be deleted.
    pub async fn delete_templates(
        &self,
        token: &SecretString,
        waba: &str,
        selection: TemplateSelection<'_>,
    ) -> Result<(), CallError> {
        let request = self.authorized(Method::DELETE, &[object(waba)?, word("message_templates")], token);
        self.succeed(request.query(&selection.members())).await
    }

    /// Ends a pause from template pacing (`POST /{template_id}/unpause`; Meta: template pacing). Pauses for low quality
    /// end by themselves.
    pub async fn unpause_template(&self, token: &SecretString, id: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[object(id)?, word("unpause")], token)).await
    }
}

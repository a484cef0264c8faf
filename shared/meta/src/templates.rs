//! Message templates at Meta: finding them, taking them away, waking and comparing them.
//!
//! Offering and changing them is in [`new`], what they are made of in [`content`] and [`button`], Meta's library in
//! [`library`], what Meta tells of them in [`remote`], archives in [`archive`], the texts that Meta writes in
//! [`preview`].

use reqwest::Method;
use secrecy::SecretString;

use crate::client::Client;
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

/// Everything that is read of a template.
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

/// Templates that one call takes away or archives (Meta: template management).
pub const TEMPLATES_PER_CALL_MAX: usize = 100;

/// Which templates are asked for: all of those that fit everything that is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TemplateQuery<'a> {
    /// Fields, number and place.
    pub page: PageQuery<'a>,
    /// Of this name.
    pub name: Option<&'a str>,
    /// With this in their name or texts.
    pub name_or_content: Option<&'a str>,
    /// With this in their texts.
    pub content: Option<&'a str>,
    /// In this language, such as `en_US`.
    pub language: Option<&'a str>,
    /// With this status, such as `APPROVED`.
    pub status: Option<&'a str>,
    /// For this, such as `UTILITY`.
    pub category: Option<&'a str>,
    /// Of this quality, such as `GREEN`.
    pub quality_score: Option<&'a str>,
}

impl<'a> TemplateQuery<'a> {
    /// All templates with everything that is read of them, from the start or from where the last page ended.
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

/// Which templates are taken away. An approved name cannot be used again for 30 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TemplateSelection<'a> {
    /// Every language of a name.
    Name(&'a str),
    /// One, by Meta's id and its name.
    One {
        /// Meta's id of it.
        id: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// Several, by Meta's ids: at most [`TEMPLATES_PER_CALL_MAX`].
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
    /// A page of an account's templates (`GET /{waba}/message_templates`; Meta: get templates). A cursor grows stale:
    /// 131059 means to start again without one.
    pub async fn list_templates(
        &self,
        token: &SecretString,
        waba: &str,
        query: &TemplateQuery<'_>,
    ) -> Result<Page<RemoteTemplate>, CallError> {
        let request =
            self.authorized(Method::GET, &[waba, "message_templates"], token).query(&query.members());
        Ok(self.call::<Listed<remote::TemplateResponse>>(request).await?.page(remote::TemplateResponse::read))
    }

    /// One template (`GET /{template_id}`; Meta: get a template), with the fields named, or with Meta's own choice of
    /// them.
    pub async fn template(
        &self,
        token: &SecretString,
        id: &str,
        fields: &[&str],
    ) -> Result<RemoteTemplate, CallError> {
        let query = PageQuery { fields, ..PageQuery::default() };
        let request = self.authorized(Method::GET, &[id], token).query(&query.members());
        Ok(self.call::<remote::TemplateResponse>(request).await?.read())
    }

    /// Takes templates away (`DELETE /{waba}/message_templates`; Meta: delete templates). What has messages under way is
    /// `PENDING_DELETION` for up to 30 days; what is `DISABLED` cannot be taken away.
    pub async fn delete_templates(
        &self,
        token: &SecretString,
        waba: &str,
        selection: TemplateSelection<'_>,
    ) -> Result<(), CallError> {
        let request = self.authorized(Method::DELETE, &[waba, "message_templates"], token);
        self.succeed(request.query(&selection.members())).await
    }

    /// Lets a template be sent again that Meta paused while it was pacing it (`POST /{template_id}/unpause`; Meta:
    /// template pacing). Pauses for quality end by themselves.
    pub async fn unpause_template(&self, token: &SecretString, id: &str) -> Result<(), CallError> {
        self.succeed(self.authorized(Method::POST, &[id, "unpause"], token)).await
    }
}

//! A template is saved as a draft, submitted to Meta, and then has the status that Meta gave it.
//!
//! Two transactions around the calls: a draft whose answer was lost is found at Meta when the tenant repeats the request, by
//! its name and its words. A template of that name with other words is not ours: sending it would put our values into
//! a text that nobody here has seen. The status never comes from the tenant.

use domain::holds::{HoldReason, HoldTarget};
use domain::limits::{LANGUAGE_CHARS_MAX, VARIABLE_NAME_CHARS_MAX};
use domain::problem::{FieldError, Kind};
use domain::templates::{CODE_BODY, check_name, count_variables};
use domain::{Category, Problem, TemplateId, TemplateStatus, text};
use jiff::{SignedDuration, Timestamp};
use meta::templates::RemoteTemplate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::templates::{self, Answered, Template};
use store::whatsapp::accounts;
use store::whatsapp::accounts::Account;
use store::{Operation, StoreError, TenantTx, holds};
use thiserror::Error;

use crate::kernel::idempotent::{Key, KeyError, earlier, once};
use crate::kernel::one_statement::one_statement;
use crate::kernel::permit::TemplateWriter;
use crate::kernel::platform::Platform;
use crate::kernel::problem::meta_unreachable;
use crate::kernel::wake_up::wake;
use crate::templates::at_meta::{AccountTemplates, Wording, answered};
use crate::templates::submit::{SubmitError, submit};
use crate::whatsapp::token;

/// A template as the tenant wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTemplate {
    pub name: String,
    /// Text with `{{1}}`, `{{2}}`, ….
    pub content: String,
    /// The tenant's names of the variables, in order.
    pub variables: Vec<String>,
    /// Meta's code, such as `en_US`.
    pub language: String,
    /// Sets price and priority.
    pub category: Category,
}

/// Why there is no such template now.
#[derive(Debug, Error)]
pub enum CreateTemplateError {
    /// Fields that are not valid.
    #[error("some fields are not valid")]
    Invalid(Vec<FieldError>),
    #[error("no WhatsApp Business account is connected")]
    NotConnected,
    #[error("a template of that name and language already exists")]
    NameTaken,
    /// Made elsewhere, such as in Meta's own manager.
    #[error(
        "Meta has a template of that name and language with other words: {0:?}; choose another name, or send these words"
    )]
    OtherWords(String),
    /// The draft can be submitted again.
    #[error("Meta refused the template")]
    Refused(#[source] meta::CallError),
    /// The draft can be submitted again.
    #[error("Meta could not be reached")]
    Unreachable(#[source] meta::CallError),
    /// The idempotency key stops it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Its token could not be read, so its account is paused.
    #[error("the access token of your WhatsApp Business account cannot be read: connect the account again")]
    ConnectAgain,
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for CreateTemplateError {
    fn from(error: StoreError) -> Self {
        if error.is_constraint(templates::NAME_TAKEN) { Self::NameTaken } else { Self::Store(error) }
    }
}

impl From<meta::CallError> for CreateTemplateError {
    fn from(error: meta::CallError) -> Self {
        if error.graph().is_some() { Self::Refused(error) } else { Self::Unreachable(error) }
    }
}

impl From<SubmitError> for CreateTemplateError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Call(error) => error.into(),
            SubmitError::OtherWords(words) => Self::OtherWords(words),
        }
    }
}

impl From<CreateTemplateError> for Problem {
    fn from(error: CreateTemplateError) -> Self {
        match error {
            CreateTemplateError::Invalid(fields) => Self::invalid(fields),
            CreateTemplateError::NotConnected | CreateTemplateError::ConnectAgain => {
                Self::new(Kind::NotPossible).with_detail(error)
            }
            CreateTemplateError::NameTaken | CreateTemplateError::OtherWords(_) => {
                Self::new(Kind::Conflict).with_detail(error)
            }
            CreateTemplateError::Refused(cause) => Self::new(Kind::MetaRefused).with_detail(cause),
            CreateTemplateError::Unreachable(cause) => meta_unreachable(&cause),
            CreateTemplateError::Key(error) => error.into(),
            CreateTemplateError::Store(error) => error.into(),
        }
    }
}

impl NewTemplate {
    fn wording(&self) -> Wording<'_> {
        Wording {
            name: &self.name,
            language: &self.language,
            category: self.category,
            body: &self.content,
            variables: &self.variables,
        }
    }
}

/// Saves the template as a draft and submits it to Meta; a rejected one is edited at Meta.
pub async fn create_template(
    platform: &Platform,
    permit: &TemplateWriter,
    mut request: NewTemplate,
    key: Option<Key>,
) -> Result<Template, CreateTemplateError> {
    check(&request)?;
    if request.category == Category::Authentication {
        // Meta words it. Its own text, in the template's language, is stored once it is known.
        CODE_BODY.clone_into(&mut request.content);
    }
    let tenant = permit.tenant();
    let draft = Draft { request: request.clone(), key: key.clone() };
    let mut drafted = platform.store.perform(&platform.act(permit), &draft).await;
    // A process that ended between the tenant's commit and its hook left the tenant unconnected.
    if matches!(drafted, Err(CreateTemplateError::NotConnected))
        && platform.call_new_tenant_hook(tenant).await
    {
        drafted = platform.store.perform(&platform.act(permit), &draft).await;
    }
    let (template, account) = match drafted? {
        Drafted::Done(template) => return Ok(*template),
        Drafted::Submit(template, account) => (*template, account),
    };
    let token = token::decrypt_or_pause(platform, tenant, &account).await?;
    let token = token.ok_or(CreateTemplateError::ConnectAgain)?;
    let at_meta = AccountTemplates { platform, token, waba_id: &account.waba_id };
    let submitted = submit(&at_meta, &request.wording(), &template).await;
    let remote = match submitted.map_err(CreateTemplateError::from) {
        Ok(remote) => remote,
        Err(error) => {
            if matches!(error, CreateTemplateError::Refused(_) | CreateTemplateError::OtherWords(_)) {
                let refuse = RefuseTemplate { template_id: template.template_id };
                platform.store.perform(&platform.act(permit), &refuse).await?;
            }
            return Err(error);
        }
    };
    record(platform, permit, (template.template_id, request, remote), key).await
}

async fn record(
    platform: &Platform,
    permit: &TemplateWriter,
    (template_id, request, remote): (TemplateId, NewTemplate, RemoteTemplate),
    key: Option<Key>,
) -> Result<Template, CreateTemplateError> {
    let now = platform.clock.now();
    let body = request.wording().body_by_meta(&remote).unwrap_or(&request.content).to_owned();
    let answer = answered(remote, now, now);
    let record = RecordAnswer { template_id, body, variables: request.variables, answer, key };
    let (template, is_lifted) = platform.store.perform(&platform.act(permit), &record).await?;
    if is_lifted {
        wake(platform, permit.tenant(), SignedDuration::ZERO).await;
    }
    Ok(template)
}

one_statement! {
    const NAME: &'static str = "refuse_template";
    struct RefuseTemplate { template_id: TemplateId }
    fn run(&self, tx) -> () { templates::refused(tx, self.template_id) }
}

fn check(request: &NewTemplate) -> Result<(), CreateTemplateError> {
    let mut wrong = Vec::new();
    if let Err(error) = check_name(&request.name) {
        wrong.push(FieldError::new("name", error));
    }
    match count_variables(&request.content) {
        Err(error) => wrong.push(FieldError::new("content", error)),
        Ok(count) if count != request.variables.len() => {
            let why =
                format!("must name the {count} variables of the content, not {}", request.variables.len());
            wrong.push(FieldError::new("variables", why));
        }
        Ok(count) if request.category == Category::Authentication && count != 1 => {
            let why =
                "must have one variable, the code: Meta words a template of the category AUTHENTICATION";
            wrong.push(FieldError::new("content", why));
        }
        Ok(_) => {}
    }
    let is_name = |name: &String| text::is_visible(name, VARIABLE_NAME_CHARS_MAX);
    if !request.variables.iter().all(is_name) {
        let why = format!("must be names of 1 to {VARIABLE_NAME_CHARS_MAX} visible characters");
        wrong.push(FieldError::new("variables", why));
    }
    let is_language = (2..=LANGUAGE_CHARS_MAX).contains(&request.language.len())
        && request.language.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    if !is_language {
        wrong.push(FieldError::new("language", "must be one of Meta's codes, such as en_US"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(CreateTemplateError::Invalid(wrong)) }
}

enum Drafted {
    Done(Box<Template>),
    Submit(Box<Template>, Account),
}

struct Draft {
    request: NewTemplate,
    key: Option<Key>,
}

impl Operation for Draft {
    const NAME: &'static str = "draft_template";
    type Done = Drafted;
    type Error = CreateTemplateError;

    async fn run(&self, tx: &TenantTx) -> Result<Drafted, CreateTemplateError> {
        if let Some(key) = &self.key
            && let Some(outcome) = earlier::<Outcome, CreateTemplateError>(tx, key).await?
        {
            return replayed(tx, outcome).await;
        }
        let account = accounts::first(tx).await?.ok_or(CreateTemplateError::NotConnected)?;
        let request = &self.request;
        let existing = templates::find_by_name(tx, &request.name, &request.language).await?;
        let mut template = Template {
            template_id: TemplateId::at(tx.now()),
            name: request.name.clone(),
            language: request.language.clone(),
            category: request.category,
            body: request.content.clone(),
            variables: request.variables.clone(),
            status: TemplateStatus::Draft,
            reason: None,
            content_at_meta: None,
            meta_template_id: None,
            waba_id: account.waba_id.clone(),
            created_at: tx.now(),
            updated_at: tx.now(),
        };
        match existing {
            None => templates::insert(tx, &template).await?,
            Some(ours) if matches!(ours.status, TemplateStatus::Draft | TemplateStatus::Rejected) => {
                template.template_id = ours.template_id;
                template.meta_template_id = ours.meta_template_id;
                templates::redraft(tx, &template, &ours.status).await?;
            }
            Some(gone) if gone.status == TemplateStatus::Deleted => {
                template.template_id = gone.template_id;
                templates::redraft(tx, &template, &gone.status).await?;
            }
            // The request may hold Meta's words, which become ours.
            Some(other) if other.content_at_meta.is_some() => {
                template.template_id = other.template_id;
                template.meta_template_id = other.meta_template_id;
            }
            Some(_) => return Err(CreateTemplateError::NameTaken),
        }
        let detail =
            json!({ "name": template.name, "language": template.language, "category": template.category });
        let entry = NewEntry::new("template.submit", format!("template:{}", template.template_id), detail);
        audit_log::append(tx, &entry).await?;
        Ok(Drafted::Submit(Box::new(template), account))
    }
}

async fn replayed(tx: &TenantTx, outcome: Outcome) -> Result<Drafted, CreateTemplateError> {
    let template = templates::find(tx, outcome.template_id).await?;
    let gone = || StoreError::Inconsistent {
        table: "idempotency_keys",
        what: "the template no longer exists".to_owned(),
    };
    let mut template = template.ok_or_else(gone)?;
    // The answer is the first one, also when Meta has changed the template since.
    template.status = outcome.status;
    template.category = outcome.category.unwrap_or(template.category);
    template.updated_at = outcome.updated_at;
    Ok(Drafted::Done(Box::new(template)))
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Outcome {
    template_id: TemplateId,
    status: TemplateStatus,
    #[serde(default)]
    category: Option<Category>,
    updated_at: Timestamp,
}

struct RecordAnswer {
    template_id: TemplateId,
    body: String,
    variables: Vec<String>,
    answer: Answered,
    key: Option<Key>,
}

impl Operation for RecordAnswer {
    const NAME: &'static str = "record_template_answer";
    /// The template, and whether a hold of it was lifted.
    type Done = (Template, bool);
    type Error = CreateTemplateError;

    async fn run(&self, tx: &TenantTx) -> Result<(Template, bool), CreateTemplateError> {
        let mut is_lifted = false;
        let work = async {
            let target = HoldTarget::Template(self.template_id);
            if self.answer.status.is_approved() {
                is_lifted = holds::lift(tx, &target, HoldReason::Template).await?;
            }
            let words = (self.body.as_str(), self.variables.as_slice());
            let status = templates::record_answer(tx, self.template_id, words, &self.answer).await?;
            Ok::<_, CreateTemplateError>(Outcome {
                template_id: self.template_id,
                status,
                category: self.answer.category,
                updated_at: tx.now(),
            })
        };
        once(tx, self.key.as_ref(), work).await?;
        let template = templates::find(tx, self.template_id).await?;
        let gone = || StoreError::Inconsistent {
            table: "templates",
            what: format!("{} no longer exists", self.template_id),
        };
        Ok((template.ok_or_else(gone)?, is_lifted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored with idempotency keys, which live for 30 days: a member that is added later needs `#[serde(default)]`, as
    /// the category has.
    #[test]
    fn an_outcome_that_was_stored_can_be_read() {
        for (category, expected) in [("", None), (r#""category":"UTILITY","#, Some(Category::Utility))] {
            let stored = format!(
                r#"{{"template_id":"0190163d-8694-7001-8000-000000000001","status":"APPROVED",{category}"updated_at":"2026-11-24T12:00:00Z"}}"#
            );
            let outcome: Outcome = serde_json::from_str(&stored).unwrap();
            assert_eq!((outcome.status.as_str(), outcome.category), ("APPROVED", expected));
        }
    }
}

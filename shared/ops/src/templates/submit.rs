//! Bringing a template to Meta: as a new one, as the correction of a rejected one, or as one that Meta has already.

use domain::{Category, TemplateStatus};
use meta::CallError;
use meta::error::ErrorClass;
use meta::templates::RemoteTemplate;
use store::templates::Template;

use crate::templates::at_meta::{AccountTemplates, Wording};

/// Why a template is not at Meta as it was asked for.
#[derive(Debug)]
pub(crate) enum SubmitError {
    Call(CallError),
    /// Meta has one of that name that says this.
    OtherWords(String),
}

impl From<CallError> for SubmitError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

/// Submits the template and returns it as Meta has it. Meta refuses a name that it has: then an earlier submission
/// succeeded and its answer was lost, or the template is another one.
pub(crate) async fn submit(
    at_meta: &AccountTemplates<'_>,
    wording: &Wording<'_>,
    template: &Template,
) -> Result<RemoteTemplate, SubmitError> {
    if let Some(id) = &template.meta_template_id
        && let Some(remote) = at_meta.find(Some(id), wording).await?
    {
        return change(at_meta, wording, remote).await;
    }
    match at_meta.create(wording).await {
        Ok(state) => {
            let is_complete = wording.category != Category::Authentication && state.status != "REJECTED";
            // Neither Meta's words of a code nor the reason of a rejection is in the answer.
            let found =
                if is_complete { None } else { at_meta.find(Some(&state.id), wording).await.ok().flatten() };
            Ok(found.unwrap_or_else(|| state.into()))
        }
        Err(error) if error.graph().is_some_and(|refusal| refusal.class() == ErrorClass::TemplateExists) => {
            let remote = at_meta.find_by_name(wording).await?.ok_or(error)?;
            same(wording, remote)
        }
        Err(error) => Err(error.into()),
    }
}

/// A rejected template is edited at Meta (Meta: edit templates); any other has to say the same already.
async fn change(
    at_meta: &AccountTemplates<'_>,
    wording: &Wording<'_>,
    remote: RemoteTemplate,
) -> Result<RemoteTemplate, SubmitError> {
    let is_rejected = remote.status.as_deref() == Some(TemplateStatus::Rejected.as_str());
    if !is_rejected {
        return same(wording, remote);
    }
    at_meta.edit(&remote.id, wording).await?;
    let found = at_meta.find(Some(&remote.id), wording).await.ok().flatten();
    let in_review = || RemoteTemplate { status: None, rejected_reason: None, ..remote };
    Ok(found.unwrap_or_else(in_review))
}

fn same(wording: &Wording<'_>, remote: RemoteTemplate) -> Result<RemoteTemplate, SubmitError> {
    if wording.is_same(&remote) { Ok(remote) } else { Err(SubmitError::OtherWords(remote.words())) }
}

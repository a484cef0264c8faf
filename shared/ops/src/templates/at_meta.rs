//! A template at Meta: submitting it, finding it, and comparing its words with ours.

use domain::{Category, TemplateStatus, WabaId};
use jiff::{SignedDuration, Timestamp};
use meta::CallError;
use meta::error::ErrorClass;
use meta::templates::{
    RemoteTemplate, TEMPLATE_FIELDS, TemplateContent, TemplateEdit, TemplateOptions, TemplateQuery,
    TemplateState,
};
use secrecy::SecretString;
use store::templates::Answered;

use crate::kernel::platform::Platform;

/// Pages of an account's templates that are searched: Meta allows 6,000 templates and lists a hundred per page.
const TEMPLATE_PAGES_MAX: usize = 60;
/// A template in review is asked about after as long as it has waited, between these two: its approval may be lost.
const REVIEW_CHECKS: (SignedDuration, SignedDuration) =
    (SignedDuration::from_mins(1), SignedDuration::from_hours(6));

/// The words of one template as we have them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wording<'a> {
    pub name: &'a str,
    pub language: &'a str,
    pub category: Category,
    pub body: &'a str,
    pub variables: &'a [String],
}

impl Wording<'_> {
    fn content(&self) -> TemplateContent {
        match self.category {
            Category::Authentication => TemplateContent::of_code(),
            Category::Utility | Category::Marketing => TemplateContent::of_body(self.body, self.variables),
        }
    }

    /// Whether Meta's template says the same. Meta words a one-time password itself.
    pub(crate) fn is_same(&self, remote: &RemoteTemplate) -> bool {
        match self.category {
            Category::Authentication => remote.is_code(),
            Category::Utility | Category::Marketing => remote.is_body_alone(self.body),
        }
    }

    /// Meta's own words, for a template that Meta words itself.
    pub(crate) fn body_by_meta<'r>(&self, remote: &'r RemoteTemplate) -> Option<&'r str> {
        match self.category {
            Category::Authentication => remote.body(),
            Category::Utility | Category::Marketing => None,
        }
    }
}

/// The templates of one account, as its token sees them.
pub(crate) struct AccountTemplates<'a> {
    pub platform: &'a Platform,
    pub token: SecretString,
    pub waba_id: &'a WabaId,
}

impl AccountTemplates<'_> {
    pub(crate) async fn create(&self, wording: &Wording<'_>) -> Result<TemplateState, CallError> {
        let new = meta::templates::NewTemplate {
            name: wording.name.to_owned(),
            language: wording.language.to_owned(),
            category: wording.category.into(),
            content: wording.content(),
            options: TemplateOptions::default(),
        };
        self.platform.meta.create_template(&self.token, &self.waba_id.0, &new).await
    }

    pub(crate) async fn edit(&self, id: &str, wording: &Wording<'_>) -> Result<(), CallError> {
        let edit = TemplateEdit {
            category: Some(wording.category.into()),
            content: Some(wording.content()),
            message_send_ttl_seconds: None,
        };
        self.platform.meta.edit_template(&self.token, id, &edit).await
    }

    /// By Meta's id and, when that one is gone or not known, by name and language.
    pub(crate) async fn find(
        &self,
        id: Option<&str>,
        wording: &Wording<'_>,
    ) -> Result<Option<RemoteTemplate>, CallError> {
        if let Some(id) = id {
            match self.platform.meta.template(&self.token, id, TEMPLATE_FIELDS).await {
                Ok(remote) => return Ok(Some(remote)),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.find_by_name(wording).await
    }

    pub(crate) async fn find_by_name(
        &self,
        wording: &Wording<'_>,
    ) -> Result<Option<RemoteTemplate>, CallError> {
        let mut after: Option<String> = None;
        for _page in 0..TEMPLATE_PAGES_MAX {
            let everything = TemplateQuery::everything(after.as_deref());
            let query = TemplateQuery { name: Some(wording.name), ..everything };
            let page = self.platform.meta.list_templates(&self.token, &self.waba_id.0, &query).await?;
            let next = page.next().map(str::to_owned);
            let is_it = |remote: &RemoteTemplate| {
                remote.name.as_deref() == Some(wording.name)
                    && remote.language.as_deref() == Some(wording.language)
            };
            let found = page.items.into_iter().find(is_it);
            if found.is_some() || next.is_none() {
                return Ok(found);
            }
            after = next;
        }
        Ok(None)
    }
}

fn is_gone(error: &CallError) -> bool {
    error.graph().is_some_and(|error| error.class() == ErrorClass::NotFoundOrNoAccess || error.code == 803)
}

/// What is stored of Meta's answer. `waiting_since` says since when the template has waited for its review.
pub(crate) fn answered(remote: RemoteTemplate, waiting_since: Timestamp, now: Timestamp) -> Answered {
    let status = TemplateStatus::from(remote.status.as_deref().unwrap_or("PENDING"));
    let reason = remote.rejected_reason.filter(|reason| reason != "NONE" && !reason.is_empty());
    Answered {
        check_at: check_at(&status, waiting_since, now),
        reason: reason.filter(|_| !status.is_approved()),
        meta_id: Some(remote.id),
        category: remote.category.as_ref().and_then(meta::templates::TemplateCategory::known),
        status,
    }
}

/// When Meta is asked about a template of that status again.
pub(crate) fn check_at(
    status: &TemplateStatus,
    waiting_since: Timestamp,
    now: Timestamp,
) -> Option<Timestamp> {
    let (least, most) = REVIEW_CHECKS;
    let is_in_review = matches!(status, TemplateStatus::Pending | TemplateStatus::InAppeal);
    is_in_review.then(|| now + now.duration_since(waiting_since).clamp(least, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_in_review_is_asked_about_ever_more_rarely() {
        let (pending, start) = (TemplateStatus::Pending, Timestamp::UNIX_EPOCH);
        let wait = |minutes: i64| {
            let now = start + SignedDuration::from_mins(minutes);
            check_at(&pending, start, now).map(|at| at.duration_since(now).as_mins())
        };
        assert_eq!([0, 1, 4, 60, 10_000].map(wait), [Some(1), Some(1), Some(4), Some(60), Some(360)]);
        assert_eq!(check_at(&TemplateStatus::Approved, start, start), None);
    }
}

//! Message templates as Meta approves them: a name, a category that sets price and priority, a body with `{{1}}`….

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::kernel::id::TemplateId;
use crate::kernel::page::PagePosition;
use crate::kernel::text;

mod value;

pub use value::{CODE_CHARS_MAX, SPACES_MAX, ValueError, check_value, too_long_once_filled};

/// Characters of a body (Meta: template components).
pub const BODY_CHARS_MAX: usize = 1_024;
/// Characters of a name (Meta: template names).
pub const NAME_CHARS_MAX: usize = 512;
/// Meta's words of an authentication template in English (Meta: authentication templates).
pub const CODE_BODY: &str = "*{{1}}* is your verification code. For your security, do not share this code.";
/// Variables that one body may hold.
pub const VARIABLES_MAX: usize = 100;

impl PagePosition for TemplateId {
    const LIST: &'static str = "templates";
    const START: Self = Self(Uuid::max());
}

/// What a template is for. The order is the order of sending: a code that a person is waiting for goes before an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Category {
    /// One-time passwords.
    Authentication,
    /// What a customer expects to be informed of.
    Utility,
    /// Everything else.
    Marketing,
}

impl Category {
    /// In the order of sending, which is from the least to the most severe: of two categories that Meta gave a template in
    /// the same second the later one here counts. Marketing costs the most and has the strictest rules.
    pub const ALL: [Self; 3] = [Self::Authentication, Self::Utility, Self::Marketing];

    /// Meta's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "AUTHENTICATION",
            Self::Utility => "UTILITY",
            Self::Marketing => "MARKETING",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;
    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str().eq_ignore_ascii_case(text))
            .ok_or(UnknownCategory)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("must be AUTHENTICATION, UTILITY or MARKETING")]
pub struct UnknownCategory;

/// Why a template cannot be submitted to Meta.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// Meta accepts lower-case letters, digits and underscores.
    #[error("must be 1 to {NAME_CHARS_MAX} lower-case letters, digits or underscores")]
    Name,
    /// Shows nothing, or is too long.
    #[error("must be 1 to {BODY_CHARS_MAX} characters, one of them visible")]
    BodyLength,
    /// Variables are `{{1}}`, `{{2}}`, … in order without a gap.
    #[error("must number its variables {{{{1}}}}, {{{{2}}}}, … without a gap")]
    Numbering,
    /// More than Meta would ever accept.
    #[error("must have at most {VARIABLES_MAX} variables")]
    TooManyVariables,
}

pub fn check_name(name: &str) -> Result<(), TemplateError> {
    let fits = !name.is_empty()
        && name.len() <= NAME_CHARS_MAX
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits { Ok(()) } else { Err(TemplateError::Name) }
}

/// Counts the variables of a body, which must be `{{1}}`…`{{n}}`; the same one may be used more than once.
pub fn count_variables(body: &str) -> Result<usize, TemplateError> {
    if !text::shows_something(body) || body.chars().count() > BODY_CHARS_MAX {
        return Err(TemplateError::BodyLength);
    }
    let mut used = Vec::new();
    let mut rest = body;
    while let Some((_, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}").ok_or(TemplateError::Numbering)?;
        used.push(inside.trim().parse::<usize>().map_err(|_text| TemplateError::Numbering)?);
        rest = after;
    }
    used.sort_unstable();
    used.dedup();
    if used.len() > VARIABLES_MAX {
        return Err(TemplateError::TooManyVariables);
    }
    let gapless = used.iter().enumerate().all(|(index, number)| *number == index + 1);
    if gapless { Ok(used.len()) } else { Err(TemplateError::Numbering) }
}

/// A template's status: `DRAFT` before it is submitted, Meta's word afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TemplateStatus {
    /// Not submitted to Meta yet, or refused by it.
    Draft,
    Pending,
    /// The one status in which a template can be sent.
    Approved,
    Rejected,
    Paused,
    Disabled,
    InAppeal,
    LimitExceeded,
    Locked,
    Archived,
    PendingDeletion,
    Deleted,
    /// A word of Meta's that is not known here: stored as it came, and not sendable.
    Other(String),
}

impl TemplateStatus {
    /// From the least to the most severe: of two statuses that Meta gave a template in the same second the more severe one
    /// counts. The end of a review is more severe than the review, and what stops sending more severe than an approval.
    pub const BY_SEVERITY: [Self; 12] = [
        Self::Draft,
        Self::Pending,
        Self::InAppeal,
        Self::Approved,
        Self::Locked,
        Self::LimitExceeded,
        Self::Paused,
        Self::Archived,
        Self::Rejected,
        Self::Disabled,
        Self::PendingDeletion,
        Self::Deleted,
    ];

    pub fn as_str(&self) -> &str {
        match self {
            Self::Draft => "DRAFT",
            Self::Pending => "PENDING",
            Self::Approved => "APPROVED",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
            Self::InAppeal => "IN_APPEAL",
            Self::LimitExceeded => "LIMIT_EXCEEDED",
            Self::Locked => "LOCKED",
            Self::Archived => "ARCHIVED",
            Self::PendingDeletion => "PENDING_DELETION",
            Self::Deleted => "DELETED",
            Self::Other(word) => word,
        }
    }

    /// Whether Meta sends messages from the template.
    pub fn is_approved(&self) -> bool {
        *self == Self::Approved
    }
}

impl From<&str> for TemplateStatus {
    fn from(word: &str) -> Self {
        Self::BY_SEVERITY
            .into_iter()
            .find_map(|status| (status.as_str() == word).then_some(status))
            .unwrap_or_else(|| Self::Other(word.to_owned()))
    }
}

impl From<String> for TemplateStatus {
    fn from(word: String) -> Self {
        Self::from(word.as_str())
    }
}

impl From<TemplateStatus> for String {
    fn from(status: TemplateStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for TemplateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_counted_and_must_have_no_gap() {
        assert_eq!(count_variables("Hello {{1}}, welcome!"), Ok(1));
        assert_eq!(count_variables("No variable"), Ok(0));
        assert_eq!(count_variables("{{2}} before {{1}}, {{1}} again"), Ok(2));
        assert_eq!(count_variables("{{1}} and {{3}}"), Err(TemplateError::Numbering));
        assert_eq!(count_variables("{{name}}"), Err(TemplateError::Numbering));
        assert_eq!(count_variables("{{1"), Err(TemplateError::Numbering));
        assert_eq!(count_variables("  "), Err(TemplateError::BodyLength));
    }

    #[test]
    fn a_status_keeps_its_word_and_only_an_approved_template_can_be_sent() {
        for status in TemplateStatus::BY_SEVERITY {
            assert_eq!(TemplateStatus::from(status.as_str()), status);
            assert_eq!(status.is_approved(), status.as_str() == "APPROVED");
        }
        for word in ["FLAGGED", "approved", ""] {
            let status = TemplateStatus::from(word);
            assert_eq!((status.as_str(), status.is_approved()), (word, false));
            let json = serde_json::to_string(&status).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<TemplateStatus>(&json).unwrap(), status);
        }
    }

    #[test]
    fn a_name_follows_metas_rule() {
        assert_eq!(check_name("welcome_message"), Ok(()));
        for name in ["", "Welcome", "a b", "é", "a-b"] {
            assert_eq!(check_name(name), Err(TemplateError::Name), "{name}");
        }
    }
}

//! Why a request is refused, without HTTP: a kind from a closed list, the fields that are wrong, and when to try again.
//!
//! Every operation's error becomes one, beside the error. How a kind is answered over HTTP stands in `http-kit`.

use std::fmt;

use jiff::SignedDuration;
use thiserror::Error;

use crate::tenants::StateConflict;
use crate::tenants::usage::LimitReached;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The request cannot be read: not JSON, for example.
    Malformed,
    /// No valid proof of who calls.
    Unauthenticated,
    /// The e-mail or the password of a login is wrong.
    WrongCredentials,
    /// The password is right, and a code of the second factor is missing or wrong.
    SecondFactorRequired,
    /// The caller's role does not allow it.
    Forbidden,
    /// Meta's question whether this is the address of its webhooks, which does not fit this installation.
    HandshakeRefused,
    /// Does not exist, or belongs to another tenant.
    NotFound,
    /// The route does not have the method.
    MethodNotAllowed,
    /// Conflicts with what exists.
    Conflict,
    /// The same request is still running.
    StillRunning,
    /// The body is larger than the route takes.
    TooLarge,
    /// The body is not in a format that the route takes.
    UnsupportedMediaType,
    /// Readable, but some values are wrong; each field is named.
    Invalid,
    /// The idempotency key was used with another request.
    KeyReused,
    /// The state of the caller's tenant allows reading and nothing else.
    TenantSuspended,
    /// Businesses cannot register by themselves here.
    RegistrationClosed,
    /// A tenant's state does not allow the change.
    StateConflict,
    /// Every value is valid, but it cannot be done in the present state.
    NotPossible,
    /// The tenant's plan does not allow more.
    PlanLimit,
    /// The balance does not cover it.
    InsufficientFunds,
    /// It is for a second person to decide.
    ApprovalRequired,
    /// The tenant's owner has not proved the e-mail address.
    EmailNotProven,
    TooMany,
    MetaRefused,
    /// Meta could not be reached.
    MetaUnreachable,
    Internal,
    /// Something that the answer needs cannot be reached, or there is no room for the request.
    Unavailable,
}

impl Kind {
    pub const ALL: [Self; 27] = [
        Self::Malformed,
        Self::Unauthenticated,
        Self::WrongCredentials,
        Self::SecondFactorRequired,
        Self::Forbidden,
        Self::HandshakeRefused,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::StillRunning,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Invalid,
        Self::KeyReused,
        Self::TenantSuspended,
        Self::RegistrationClosed,
        Self::StateConflict,
        Self::NotPossible,
        Self::PlanLimit,
        Self::InsufficientFunds,
        Self::ApprovalRequired,
        Self::EmailNotProven,
        Self::TooMany,
        Self::MetaRefused,
        Self::MetaUnreachable,
        Self::Internal,
        Self::Unavailable,
    ];
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} {why}")]
pub struct FieldError {
    /// The field as the caller wrote it, such as `contacts[3].phone`.
    pub field: String,
    /// What is wrong, as words that follow the field's name.
    pub why: String,
}

impl FieldError {
    /// A field and what is wrong with it, each cut to `QUOTED_CHARS_MAX` characters.
    pub fn new(field: impl Into<String>, why: impl fmt::Display) -> Self {
        Self { field: cut(field.into()), why: cut(why.to_string()) }
    }
}

/// Characters of a field's name, and of what is wrong with it. Both quote names that the caller chose, of any length; an
/// answer that repeats megabytes of them is more than Lambda takes back.
const QUOTED_CHARS_MAX: usize = 500;

fn cut(text: String) -> String {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        None => text,
        Some(_) => text.chars().take(QUOTED_CHARS_MAX - 1).chain(['…']).collect(),
    }
}

/// Why a request is refused, as its caller may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub kind: Kind,
    /// This case in words.
    pub detail: Option<String>,
    /// Every field that is wrong.
    pub fields: Vec<FieldError>,
    /// How long to wait before the next try.
    pub retry_after: Option<SignedDuration>,
    /// The limit of the tenant's plan that stops it.
    pub limit: Option<Box<LimitReached>>,
    /// The ledger entry that the request would repeat.
    pub repeats_entry: Option<i64>,
    /// The state that stops it, and what may follow.
    pub state: Option<Box<StateConflict>>,
}

/// When a caller may try again what is unavailable, unless the problem knows better.
const AGAIN: SignedDuration = SignedDuration::from_secs(5);

impl Problem {
    /// A problem without details.
    pub const fn new(kind: Kind) -> Self {
        let retry_after = if matches!(kind, Kind::Unavailable) { Some(AGAIN) } else { None };
        Self {
            kind,
            detail: None,
            fields: Vec::new(),
            retry_after,
            limit: None,
            repeats_entry: None,
            state: None,
        }
    }

    /// Adds this case in words. Never called with what the caller must not know.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Fields that are wrong.
    pub const fn invalid(fields: Vec<FieldError>) -> Self {
        Self {
            kind: Kind::Invalid,
            detail: None,
            fields,
            retry_after: None,
            limit: None,
            repeats_entry: None,
            state: None,
        }
    }

    /// One field that is wrong.
    pub fn field(field: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::invalid(vec![FieldError::new(field, why)])
    }

    /// A limit of the tenant's plan.
    pub fn limit_reached(limit: LimitReached) -> Self {
        let problem = Self::new(Kind::PlanLimit).with_detail(&limit);
        Self { limit: Some(Box::new(limit)), ..problem }
    }

    /// A state of a tenant that does not allow the change.
    pub fn state_conflict(conflict: StateConflict) -> Self {
        Self { state: Some(Box::new(conflict)), ..Self::new(Kind::StateConflict).with_detail(conflict) }
    }

    /// Adds the ledger entry that the request would repeat.
    #[must_use]
    pub const fn repeating(mut self, entry: i64) -> Self {
        self.repeats_entry = Some(entry);
        self
    }

    /// Adds how long to wait before the next try.
    #[must_use]
    pub const fn after(mut self, wait: SignedDuration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

//! Meta's errors as they are read, and calls that did not do what they were for.

mod class;
mod explanation;
mod failure;
mod text;
mod usage;

pub use class::{Advice, ErrorClass, is_about_account};
use domain::updates::MetaError;
pub use explanation::Explanation;
pub use failure::Failure;
use serde::Deserialize;
use serde_json::Value;
pub(crate) use text::{blamed, details, integer, join_texts, redact_phone_numbers};
use thiserror::Error;
pub use usage::{BusinessUsage, Load, Usage};

/// An error in Meta's envelope. Everything but the code may be missing, and its words may be in the tenant's language.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} (code {code})", self.full_text())]
pub struct GraphError {
    /// What logic is built on, such as 131026.
    pub code: i32,
    /// More of it; Meta gives one for templates, tokens and registration.
    pub subcode: Option<i64>,
    /// Meta's title.
    pub message: String,
    /// Meta's explanation for developers.
    pub details: Option<String>,
    /// The fields of our request that Meta blames, such as `components.0.text`.
    pub blamed: Vec<String>,
    /// Meta's word for the kind of error, such as `OAuthException`.
    pub kind: Option<String>,
    /// Whether Meta itself calls it one that may pass.
    pub is_transient: Option<bool>,
    /// A title for users.
    pub user_title: Option<String>,
    /// An explanation for users.
    pub user_message: Option<String>,
    /// What Meta's support asks for.
    pub trace_id: Option<String>,
}

/// The rest of the body is not looked at.
#[derive(Deserialize)]
struct Envelope {
    error: Option<Value>,
    code: Option<Value>,
}

impl GraphError {
    /// The error in an answer, if it holds one with a code; where the answer's status stands is not asked.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let envelope: Envelope = serde_json::from_slice(bytes).ok()?;
        let error = envelope.error?;
        // Some answers carry the code beside the error.
        let code = error.get("code").or(envelope.code.as_ref()).and_then(integer)?;
        let text = |key: &str| error.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let message = text("message").or(error.as_str()).unwrap_or("Meta gave no words");
        Some(Self {
            code: i32::try_from(code).ok()?,
            subcode: error.get("error_subcode").and_then(integer),
            message: message.to_owned(),
            details: error.get("error_data").and_then(details),
            blamed: error.get("error_data").map_or_else(Vec::new, blamed),
            kind: text("type").map(str::to_owned),
            is_transient: error.get("is_transient").and_then(Value::as_bool),
            user_title: text("error_user_title").map(str::to_owned),
            user_message: text("error_user_msg").map(str::to_owned),
            trace_id: text("fbtrace_id").map(str::to_owned),
        })
    }

    /// What it is about.
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::of(self.code, self.subcode)
    }

    /// What to do about it.
    pub const fn advice(&self) -> Advice {
        Advice::of(self.code, self.subcode)
    }

    /// As stored with a message: without the recipient's number, should Meta repeat it.
    pub fn as_meta_error(&self) -> MetaError {
        MetaError { code: self.code, text: redact_phone_numbers(&self.full_text()) }
    }

    /// All of Meta's words, each once.
    fn full_text(&self) -> String {
        let blame = (!self.blamed.is_empty()).then(|| format!("see {}", self.blamed.join(", ")));
        let parts = [
            Some(&self.message),
            self.details.as_ref(),
            blame.as_ref(),
            self.user_title.as_ref(),
            self.user_message.as_ref(),
        ];
        join_texts(parts.into_iter().flatten().map(String::as_str))
    }
}

/// A call that did not do what it was for. What it says holds no token and no address.
#[derive(Debug, Error)]
pub enum CallError {
    /// Meta said no.
    #[error(transparent)]
    Graph(Box<GraphError>),
    /// No byte of the request left: no connection could be made, or the request could not be put together.
    #[error("no connection to Meta could be made")]
    NotSent(#[source] reqwest::Error),
    /// It broke off, or took too long; Meta may or may not have acted.
    #[error("the call to Meta broke off")]
    Broken(#[source] reqwest::Error),
    /// A status that is no success, without an error of Meta's.
    #[error("Meta answered with status {0}")]
    Status(u16),
    /// More than any answer of Meta's.
    #[error("Meta's answer is too large")]
    TooLarge,
    /// A success that cannot be read: where it stopped making sense. The words around it are not repeated, they may
    /// hold a token.
    #[error("Meta's answer cannot be read at {0}")]
    Unreadable(String),
    /// `success: false` and no reason.
    #[error("Meta answered that it did not do it")]
    NotDone,
}

impl CallError {
    /// Sorts out what proves that nothing left from everything else.
    pub(crate) fn from_http(error: reqwest::Error) -> Self {
        let never_left = error.is_connect() || error.is_builder();
        let error = error.without_url();
        if never_left { Self::NotSent(error) } else { Self::Broken(error) }
    }

    /// Meta's own error, when it was that.
    pub const fn graph(&self) -> Option<&GraphError> {
        match self {
            Self::Graph(error) => Some(error),
            Self::NotSent(_)
            | Self::Broken(_)
            | Self::Status(_)
            | Self::TooLarge
            | Self::Unreadable(_)
            | Self::NotDone => None,
        }
    }
}

#[cfg(test)]
mod tests;

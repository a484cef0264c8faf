//! Meta's errors, and why a call failed.

mod class;
mod explanation;
mod failure;
mod text;
mod usage;

pub use class::{Advice, ErrorClass, TemplateDoubt, is_about_account, is_marketing_stop, template_doubt};
use domain::updates::MetaError;
use domain::{NotAMetaId, foreign};
pub use explanation::Explanation;
pub use failure::Failure;
use serde::Deserialize;
use serde_json::Value;
pub(crate) use text::{blamed, details, integer, join_texts, redact_phone_numbers};
use thiserror::Error;
pub use usage::{BusinessUsage, Load, Usage};

/// An error in Meta's envelope. Only the code is always present. The texts may be in the tenant's language.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{} (code {code})", self.full_text())]
pub struct GraphError {
    /// All decisions are based on this code, such as 131026.
    pub code: i32,
    /// Present for templates, tokens and registration.
    pub subcode: Option<i64>,
    /// Meta's title.
    pub message: String,
    /// Meta's explanation for developers.
    pub details: Option<String>,
    /// The fields of our request that Meta blames, such as `components.0.text`.
    pub blamed: Vec<String>,
    /// Meta's word for the kind of error, such as `OAuthException`.
    pub kind: Option<String>,
    /// Whether Meta calls the error transient.
    pub is_transient: Option<bool>,
    pub user_title: Option<String>,
    pub user_message: Option<String>,
    /// Asked for by Meta's support.
    pub trace_id: Option<String>,
}

/// The rest of the body is not read.
#[derive(Deserialize)]
struct Envelope {
    error: Option<Value>,
    code: Option<Value>,
}

impl GraphError {
    /// The error in an answer, if it has a code. The answer's status is not considered.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let envelope: Envelope = serde_json::from_slice(bytes).ok()?;
        let error = envelope.error?;
        // Some answers carry the code beside the error.
        let code = error.get("code").or(envelope.code.as_ref()).and_then(integer)?;
        let text = |key: &str| error.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let bounded = |text: &str| foreign::text(text).into_owned();
        let message = text("message").or(error.as_str()).unwrap_or("Meta gave no explanation");
        Some(Self {
            code: i32::try_from(code).ok()?,
            subcode: error.get("error_subcode").and_then(integer),
            message: bounded(message),
            details: details(&error).as_deref().map(bounded),
            blamed: error.get("error_data").map_or_else(Vec::new, blamed),
            kind: text("type").map(bounded),
            is_transient: error.get("is_transient").and_then(Value::as_bool),
            user_title: text("error_user_title").map(bounded),
            user_message: text("error_user_msg").map(bounded),
            trace_id: text("fbtrace_id").filter(|id| foreign::is_id(id)).map(str::to_owned),
        })
    }

    pub const fn class(&self) -> ErrorClass {
        ErrorClass::of(self.code, self.subcode)
    }

    pub const fn advice(&self) -> Advice {
        Advice::of(self.code, self.subcode)
    }

    /// The error as it is stored with a message, without any phone number that Meta repeats.
    pub fn as_meta_error(&self) -> MetaError {
        MetaError::new(self.code, &redact_phone_numbers(&self.full_text()))
    }

    /// All of Meta's texts, each once.
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

/// Why a call failed. Its text holds no token and no address.
#[derive(Debug, Error)]
pub enum CallError {
    /// Meta refused the call.
    #[error(transparent)]
    Graph(Box<GraphError>),
    /// No byte of the request left: no connection could be made, or the request could not be built.
    #[error("no connection to Meta could be made")]
    NotSent(#[source] reqwest::Error),
    /// No request was made, because an id in its address is not one.
    #[error("an id in a call to Meta {0}")]
    NotAnId(#[from] NotAMetaId),
    /// The call broke off or timed out. Meta may have acted.
    #[error("the call to Meta broke off before its answer was complete")]
    Broken(#[source] reqwest::Error),
    /// A status that is not a success, without an error of Meta's.
    #[error("Meta answered with status {0}")]
    Status(u16),
    /// Larger than any answer of Meta's.
    #[error("Meta's answer is too large")]
    TooLarge,
    /// A success that cannot be parsed, with the path of the member at fault. The body is not quoted, because it may
    /// hold a token.
    #[error("Meta's answer cannot be read at {0}")]
    Unreadable(String),
    /// `success: false` without a reason.
    #[error("Meta answered that the call was not done, without a reason")]
    NotDone,
}

impl CallError {
    /// Separates failures that prove that nothing left from all others.
    pub(crate) fn from_http(error: reqwest::Error) -> Self {
        let never_left = error.is_connect() || error.is_builder();
        let error = error.without_url();
        if never_left { Self::NotSent(error) } else { Self::Broken(error) }
    }

    /// Meta's error, if that is the reason.
    pub const fn graph(&self) -> Option<&GraphError> {
        match self {
            Self::Graph(error) => Some(error),
            Self::NotSent(_)
            | Self::NotAnId(_)
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

//! An error inside a webhook: `{code, title, message, error_data: {details}, href}` (Meta: webhooks, errors).

use serde::Serialize;
use serde_json::Value;

use super::look::Look;
use crate::error::{Advice, ErrorClass, details};

/// An error as a webhook tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorNote {
    /// Such as 131026; logic is built on it.
    pub code: Option<i64>,
    /// Meta's title.
    pub title: Option<String>,
    /// Mostly the title again.
    pub message: Option<String>,
    /// What happened, for developers.
    pub details: Option<String>,
    /// What it is about.
    pub class: ErrorClass,
}

impl ErrorNote {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        self.known_code().map_or(Advice::Permanent, |code| Advice::of(code, None))
    }

    /// The code, if it is in the range of Meta's.
    pub fn known_code(&self) -> Option<i32> {
        self.code.and_then(|code| i32::try_from(code).ok())
    }
}

/// All errors of a list; what is no error is left out, it says nothing.
pub(super) fn read_all(errors: &[Value]) -> Vec<ErrorNote> {
    errors.iter().filter(|error| error.is_object()).map(read).collect()
}

/// Reads an error. One without a code is of no known class.
pub(super) fn read(error: &Value) -> ErrorNote {
    let code = error.whole("code");
    let known = code.and_then(|code| i32::try_from(code).ok());
    ErrorNote {
        code,
        title: error.text("title"),
        message: error.text("message"),
        details: error.get("error_data").and_then(details),
        class: known.map_or(ErrorClass::Unknown, |code| ErrorClass::of(code, error.whole("error_subcode"))),
    }
}

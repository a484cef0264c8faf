//! An error inside a webhook: `{code, title, message, error_data: {details}, href}` (Meta: webhooks, errors).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::borrowed::{Id, Text};
use super::json::{JsonAccess, text};
use crate::error::{Advice, ErrorClass, details};

/// An error in a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorNote<'a> {
    /// Such as 131026.
    pub code: Option<i64>,
    pub title: Option<Cow<'a, str>>,
    /// Mostly repeats the title.
    pub message: Option<Cow<'a, str>>,
    /// Explanation for developers.
    pub details: Option<Cow<'a, str>>,
    pub class: ErrorClass,
}

impl ErrorNote<'_> {
    pub fn advice(&self) -> Advice {
        self.known_code().map_or(Advice::Permanent, |code| Advice::of(code, None))
    }

    /// The code, if it is in the range of Meta's codes.
    pub fn known_code(&self) -> Option<i32> {
        self.code.and_then(|code| i32::try_from(code).ok())
    }
}

/// An error in Meta's usual format.
#[derive(Deserialize)]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    code: Option<Id<'a>>,
    #[serde(borrow)]
    error_subcode: Option<Id<'a>>,
    #[serde(borrow)]
    title: Option<Text<'a>>,
    #[serde(borrow)]
    message: Option<Text<'a>>,
    #[serde(borrow)]
    error_data: Option<Data<'a>>,
    #[serde(borrow)]
    details: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    details: Option<Text<'a>>,
}

impl<'a> Wire<'a> {
    pub(super) fn into_note(self) -> ErrorNote<'a> {
        let integer = |id: Option<Id<'_>>| id.and_then(|id| id.0.parse::<i64>().ok());
        let code = integer(self.code);
        let within = self.error_data.and_then(|data| data.details);
        ErrorNote {
            code,
            class: class(code, integer(self.error_subcode)),
            title: self.title.map(|text| text.0),
            message: self.message.map(|text| text.0),
            details: [within, self.details]
                .into_iter()
                .flatten()
                .map(|text| text.0)
                .find(|text| !text.is_empty()),
        }
    }
}

/// An error without a valid code has no known class.
fn class(code: Option<i64>, subcode: Option<i64>) -> ErrorClass {
    let known = code.and_then(|code| i32::try_from(code).ok());
    known.map_or(ErrorClass::Unknown, |code| ErrorClass::of(code, subcode))
}

/// All errors of a list, or the one that stands in its place. Each is an object or plain text; anything else is ignored.
pub(super) fn read_all(errors: &Value) -> Vec<ErrorNote<'static>> {
    let all = errors.as_array().map_or(std::slice::from_ref(errors), Vec::as_slice);
    all.iter().filter(|error| error.is_object() || error.is_string()).map(read).collect()
}

/// Reads an error member by member.
pub(super) fn read(error: &Value) -> ErrorNote<'static> {
    let code = error.integer("code");
    ErrorNote {
        code,
        title: error.text("title").map(Cow::Owned),
        message: error.text("message").or_else(|| text(error).filter(|_| error.is_string())).map(Cow::Owned),
        details: details(error).map(Cow::Owned),
        class: class(code, error.integer("error_subcode")),
    }
}

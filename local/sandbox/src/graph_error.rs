//! Meta's error envelope and the codes that the sandbox uses.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::digest;
use crate::journal::JournalClosed;

mod titles;

pub(crate) use titles::title;

/// One refusal of the Graph API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GraphError {
    pub(crate) status: StatusCode,
    pub(crate) code: i64,
    pub(crate) subcode: Option<i64>,
    kind: &'static str,
    message: Box<str>,
    details: Option<Box<str>>,
    user: Option<(&'static str, Box<str>)>,
}

impl GraphError {
    /// A code with its own title and details.
    pub(crate) fn of(status: u16, code: i64) -> Self {
        let (title, details) = title(code);
        let message = if code == 190 { title.into() } else { format!("(#{code}) {title}").into() };
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            code,
            subcode: None,
            kind: "OAuthException",
            message,
            details: (code == 368 || code >= 130_000).then(|| details.into()),
            user: None,
        }
    }

    /// A member that a message must have and has not: code 131008.
    pub(crate) fn missing(details: impl Into<Box<str>>) -> Self {
        Self::of(400, 131_008).details(details)
    }

    /// A member of a message whose value cannot be: code 131009.
    pub(crate) fn invalid(details: impl Into<Box<str>>) -> Self {
        Self::of(400, 131_009).details(details)
    }

    /// A parameter that is missing or wrong: code 100.
    pub(crate) fn parameter(message: &str) -> Self {
        Self { message: format!("(#100) {message}").into(), ..Self::of(400, 100) }
    }

    /// A plain message in place of the code's title.
    pub(crate) fn saying(self, message: impl Into<Box<str>>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// The same with `error_data.details`.
    pub(crate) fn details(self, details: impl Into<Box<str>>) -> Self {
        Self { details: Some(details.into()), ..self }
    }

    /// The same with `error_subcode`.
    pub(crate) fn subcode(self, subcode: i64) -> Self {
        Self { subcode: Some(subcode), ..self }
    }

    /// The same as `GraphMethodException`, Meta's type for what an object refuses.
    pub(crate) fn method(self) -> Self {
        Self { kind: "GraphMethodException", ..self }
    }

    /// The same with words for a person.
    pub(crate) fn told(self, heading: &'static str, words: impl Into<Box<str>>) -> Self {
        Self { user: Some((heading, words.into())), ..self }
    }

    /// A refused template: 100 with the subcode that says which rule, in words for a person.
    pub(crate) fn template(subcode: i64, heading: &'static str, words: impl Into<Box<str>>) -> Self {
        Self::of(400, 100).saying("Invalid parameter").subcode(subcode).told(heading, words)
    }

    /// An object that is not there or not this caller's; Meta does not say which.
    pub(crate) fn not_found(id: &str, verb: &str) -> Self {
        let message = format!(
            "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation"
        );
        Self::of(400, 100).saying(message).subcode(33).method()
    }

    /// A token that opens nothing.
    pub(crate) fn bad_token() -> Self {
        Self::of(401, 190).saying("Invalid OAuth access token - Cannot parse access token")
    }

    /// A token that has lost its worth: 190 with the subcode that says how.
    pub(crate) fn dead_token(subcode: i64, why: &str) -> Self {
        let message = format!("Error validating access token: {why}");
        Self::of(401, 190).saying(message).subcode(subcode)
    }

    /// A token without the scope for a call.
    pub(crate) fn no_scope(scope: &str) -> Self {
        Self::of(403, 200).saying(format!("Requires {scope} permission")).subcode(1_349_176)
    }

    /// No token at all.
    pub(crate) fn no_token() -> Self {
        Self::of(401, 104).saying("An access token is required to request this resource")
    }

    fn envelope(&self) -> Value {
        let mut error = Map::new();
        error.insert("message".into(), json!(self.message));
        error.insert("type".into(), json!(self.kind));
        error.insert("code".into(), json!(self.code));
        if let Some(subcode) = self.subcode {
            error.insert("error_subcode".into(), json!(subcode));
        }
        if let Some(details) = &self.details {
            error.insert("error_data".into(), json!({"messaging_product": "whatsapp", "details": details}));
        }
        if let Some((heading, words)) = &self.user {
            error.insert("is_transient".into(), json!(false));
            error.insert("error_user_title".into(), json!(heading));
            error.insert("error_user_msg".into(), json!(words));
        } else if matches!(self.code, 1 | 2 | 4 | 17 | 80_007 | 80_008) {
            error.insert("is_transient".into(), json!(true));
        }
        error.insert("fbtrace_id".into(), json!(trace_id()));
        json!({ "error": error })
    }
}

/// A new `fbtrace_id`; nobody may depend on its value.
fn trace_id() -> String {
    static TRACES: AtomicU64 = AtomicU64::new(0);
    let serial = TRACES.fetch_add(1, Ordering::Relaxed).to_string();
    let mut hash = digest::sha256(&["trace", &serial]);
    hash.truncate(16);
    format!("A{}", digest::base64_url(&hash))
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        (self.status, Json(self.envelope())).into_response()
    }
}

impl From<JournalClosed> for GraphError {
    /// Without its journal the sandbox can promise nothing, and says so as Meta would.
    fn from(_gone: JournalClosed) -> Self {
        Self::of(500, 2)
    }
}

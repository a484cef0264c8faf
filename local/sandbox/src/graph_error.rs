//! Errors of the Graph API in Meta's envelope.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::digest;
use crate::journal::JournalUnavailable;

mod titles;

pub(crate) use titles::title_and_details;

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
    /// An error with the title and the details of its code.
    pub(crate) fn new(status: u16, code: i64) -> Self {
        let (title, details) = title_and_details(code);
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

    /// A required member of a message is missing: 131008.
    pub(crate) fn missing(details: impl Into<Box<str>>) -> Self {
        Self::new(400, 131_008).with_details(details)
    }

    /// A member of a message has an invalid value: 131009.
    pub(crate) fn invalid(details: impl Into<Box<str>>) -> Self {
        Self::new(400, 131_009).with_details(details)
    }

    /// A parameter is missing or invalid: 100.
    pub(crate) fn parameter(message: &str) -> Self {
        Self { message: format!("(#100) {message}").into(), ..Self::new(400, 100) }
    }

    /// Replaces the title of the code.
    pub(crate) fn with_message(self, message: impl Into<Box<str>>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// Sets `error_data.details`.
    pub(crate) fn with_details(self, details: impl Into<Box<str>>) -> Self {
        Self { details: Some(details.into()), ..self }
    }

    /// Sets `error_subcode`.
    pub(crate) fn with_subcode(self, subcode: i64) -> Self {
        Self { subcode: Some(subcode), ..self }
    }

    /// Sets `type` to `GraphMethodException`, which Meta uses when an object does not support a call.
    pub(crate) fn for_object(self) -> Self {
        Self { kind: "GraphMethodException", ..self }
    }

    /// Sets `error_user_title` and `error_user_msg`.
    pub(crate) fn with_user_message(self, title: &'static str, text: impl Into<Box<str>>) -> Self {
        Self { user: Some((title, text.into())), ..self }
    }

    /// A template breaks a rule: 100 with the subcode of the rule.
    pub(crate) fn template(subcode: i64, title: &'static str, text: impl Into<Box<str>>) -> Self {
        Self::new(400, 100)
            .with_message("Invalid parameter")
            .with_subcode(subcode)
            .with_user_message(title, text)
    }

    /// An object does not exist or belongs to another account; Meta does not say which.
    pub(crate) fn not_found(id: &str, verb: &str) -> Self {
        let message = format!(
            "Unsupported {verb} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
             permissions, or does not support this operation"
        );
        Self::new(400, 100).with_message(message).with_subcode(33).for_object()
    }

    pub(crate) fn invalid_token() -> Self {
        Self::new(401, 190).with_message("Invalid OAuth access token - Cannot parse access token")
    }

    /// A token that was valid: 190 with the subcode of the reason.
    pub(crate) fn unusable_token(subcode: i64, reason: &str) -> Self {
        let message = format!("Error validating access token: {reason}");
        Self::new(401, 190).with_message(message).with_subcode(subcode)
    }

    pub(crate) fn missing_scope(scope: &str) -> Self {
        Self::new(403, 200).with_message(format!("Requires {scope} permission")).with_subcode(1_349_176)
    }

    pub(crate) fn missing_token() -> Self {
        Self::new(401, 104).with_message("An access token is required to request this resource")
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
        if let Some((title, text)) = &self.user {
            error.insert("is_transient".into(), json!(false));
            error.insert("error_user_title".into(), json!(title));
            error.insert("error_user_msg".into(), json!(text));
        } else if matches!(self.code, 1 | 2 | 4 | 17 | 80_007 | 80_008) {
            error.insert("is_transient".into(), json!(true));
        }
        error.insert("fbtrace_id".into(), json!(trace_id()));
        json!({ "error": error })
    }
}

/// A new `fbtrace_id`, opaque to the caller.
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

impl From<JournalUnavailable> for GraphError {
    /// Without its journal the sandbox cannot accept anything for now; to the caller it is an outage of Meta.
    fn from(_gone: JournalUnavailable) -> Self {
        Self::new(503, 2)
    }
}

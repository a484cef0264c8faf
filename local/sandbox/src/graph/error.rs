//! Meta's error envelope and the codes that the sandbox uses.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::digest;
use crate::journal::JournalGone;

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

/// Title of a code, and the details Meta gives with it.
pub(crate) fn title(code: i64) -> (&'static str, &'static str) {
    match code {
        1 => ("An unknown error occurred", "Possibly a temporary issue."),
        2 => ("Service temporarily unavailable", "Temporary due to downtime or being overloaded."),
        4 => ("Application request limit reached", "The app has reached its API call rate limit."),
        10 => ("Application does not have permission for this action", "Permission not granted or removed."),
        100 => ("Invalid parameter", "The request included an unsupported or misspelled parameter."),
        190 => ("Error validating access token: Session has expired", "The access token has expired."),
        368 => ("Temporarily blocked for policies violations", "The account is restricted by policy."),
        80_007 => ("Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
        130_429 => ("Rate limit hit", "Cloud API message throughput has been reached."),
        130_472 => {
            ("User's number is part of an experiment", "Message was not sent as part of an experiment.")
        }
        131_000 => ("Something went wrong", "Message failed to send due to an unknown error."),
        131_005 => ("Access denied", "Permission is either not granted or has been removed."),
        131_008 => ("Required parameter is missing", "The request is missing a required parameter."),
        131_009 => ("Parameter value is not valid", "One or more parameter values are invalid."),
        131_016 => ("Service unavailable", "A service is temporarily unavailable."),
        131_021 => ("Recipient cannot be sender", "Sender and recipient phone number is the same."),
        131_026 => ("Message undeliverable", "Message Undeliverable."),
        131_030 => {
            ("Recipient phone number not in allowed list", "Recipient phone number not in allowed list.")
        }
        131_031 => ("Business account has been locked", "The account has been restricted or disabled."),
        131_042 => {
            ("Business eligibility payment issue", "There was an error related to your payment method.")
        }
        131_047 => {
            ("Re-engagement message", "More than 24 hours have passed since the recipient last replied.")
        }
        131_048 => ("Spam rate limit hit", "Too many messages from this number were flagged as spam."),
        131_049 => (
            "This message was not delivered to maintain healthy ecosystem engagement.",
            "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
        ),
        131_050 => {
            ("User has stopped marketing messages", "The recipient chose not to get marketing messages.")
        }
        131_051 => ("Unsupported message type", "Message type is not currently supported."),
        131_053 => ("Media upload error", "Unable to upload the media used in the message."),
        131_056 => (
            "(Business Account, Consumer Account) pair rate limit hit",
            "Too many messages sent to the same phone number in a short period of time.",
        ),
        131_057 => ("Account in maintenance mode", "Business account is in maintenance mode."),
        132_000 => (
            "Number of parameters does not match the expected number of params",
            "The number of variable parameter values did not match the template.",
        ),
        132_001 => ("Template name does not exist in the translation", "The template does not exist."),
        132_005 => ("Translated text too long", "The translated text is too long."),
        132_012 => ("Parameter format does not match format in the created template", "Format mismatch."),
        132_015 => ("Template is Paused", "Template is paused due to low quality."),
        132_016 => ("Template is Disabled", "Template has been paused too many times and is disabled."),
        132_018 => ("There's an issue with the parameters in your template", "Check the parameters."),
        133_010 => {
            ("Account not registered", "Phone number not registered on the WhatsApp Business Platform.")
        }
        _ => ("Error on demand", "This code was asked for by an order of the sandbox."),
    }
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
            details: (code >= 130_000).then(|| details.into()),
            user: None,
        }
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

    /// A refused template: 100 with the subcode that says which rule, in words for a person.
    pub(crate) fn template(subcode: i64, heading: &'static str, words: impl Into<Box<str>>) -> Self {
        let refused = Self::of(400, 100).saying("Invalid parameter").subcode(subcode);
        Self { user: Some((heading, words.into())), ..refused }
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
        } else if matches!(self.code, 1 | 2) {
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

impl From<JournalGone> for GraphError {
    /// Without its journal the sandbox can promise nothing, and says so as Meta would.
    fn from(_gone: JournalGone) -> Self {
        Self::of(500, 2)
    }
}

//! Meta's errors: how they are read and what each asks for.

use domain::update::MetaError;
use serde::Deserialize;
use thiserror::Error;

/// What an error asks us to do. Facts: Meta's "Error codes" page and observed answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The token is dead: nothing works until the tenant connects again.
    AccountAuth,
    /// A permission or an asset is missing.
    AccountPermission,
    /// The account is locked, unpaid, or limited: nothing is to be sent.
    AccountLocked,
    /// Too many calls for the app.
    ThrottleApp,
    /// Too many messages a second from the number.
    ThrottleNumber,
    /// Too many messages to this recipient.
    ThrottlePair,
    /// Meta's side is ill.
    Transient,
    /// This recipient cannot or does not want to get it.
    Recipient,
    /// The template cannot be sent as it is.
    Template,
    /// Anything else: the request is wrong.
    Request,
}

impl ErrorClass {
    /// The class of a code.
    pub const fn of(code: i32) -> Self {
        match code {
            0 | 102 | 104 | 190 => Self::AccountAuth,
            3 | 10 | 200..=299 | 131_005 => Self::AccountPermission,
            368 | 130_497 | 131_031 | 131_042 | 131_048 | 131_064 | 134_011 => Self::AccountLocked,
            4 | 17 | 32 | 613 | 80_007 => Self::ThrottleApp,
            130_429 => Self::ThrottleNumber,
            131_056 => Self::ThrottlePair,
            1 | 2 | 131_000 | 131_016 | 131_057 | 133_004 | 2_494_100 => Self::Transient,
            130_403 | 130_472 | 131_026 | 131_030 | 131_047 | 131_049 | 131_050 | 131_062 => Self::Recipient,
            132_000..=132_999 => Self::Template,
            _ => Self::Request,
        }
    }

    /// Whether Meta turned the call away before it did anything: it may be made again after a while.
    pub const fn is_throttle(self) -> bool {
        matches!(self, Self::ThrottleApp | Self::ThrottleNumber | Self::ThrottlePair)
    }
}

/// Whether a code speaks of the connection as a whole, so that the next message would meet it too.
pub const fn is_about_account(code: i32) -> bool {
    matches!(ErrorClass::of(code), ErrorClass::AccountAuth | ErrorClass::AccountPermission)
}

/// An error in Meta's envelope.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} (code {code}){}", .details.as_ref().map(|details| format!(": {details}")).unwrap_or_default())]
pub struct GraphError {
    /// What logic is built on.
    pub code: i32,
    /// More of it, for templates and tokens.
    pub subcode: Option<i64>,
    /// Meta's title.
    pub message: String,
    /// Meta's explanation.
    pub details: Option<String>,
    /// A title for users, where Meta has one.
    pub user_title: Option<String>,
    /// Words for users, where Meta has them.
    pub user_message: Option<String>,
    /// What Meta's support asks for.
    pub trace_id: Option<String>,
}

impl GraphError {
    /// The error in an answer, if it holds one, whatever its status.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let envelope: Envelope = serde_json::from_slice(bytes).ok()?;
        let error = envelope.error;
        Some(Self {
            code: error.code,
            subcode: error.error_subcode,
            details: error.error_data.and_then(ErrorData::details),
            message: error.message.unwrap_or_else(|| "Meta gave no words".to_owned()),
            user_title: error.error_user_title,
            user_message: error.error_user_msg,
            trace_id: error.fbtrace_id,
        })
    }

    /// What it asks for.
    pub const fn class(&self) -> ErrorClass {
        ErrorClass::of(self.code)
    }

    /// As stored with a message.
    pub fn as_meta_error(&self) -> MetaError {
        let text = match &self.details {
            Some(details) if !self.message.contains(details.as_str()) => {
                format!("{}: {details}", self.message)
            }
            Some(_) | None => self.message.clone(),
        };
        MetaError { code: self.code, text }
    }
}

#[derive(Deserialize)]
struct Envelope {
    error: Raw,
}

#[derive(Deserialize)]
struct Raw {
    code: i32,
    message: Option<String>,
    error_subcode: Option<i64>,
    error_data: Option<ErrorData>,
    error_user_title: Option<String>,
    error_user_msg: Option<String>,
    fbtrace_id: Option<String>,
}

/// `error_data` is an object, or a string that holds one, or anything.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum ErrorData {
    Object { details: String },
    Text(String),
    Other(serde::de::IgnoredAny),
}

impl ErrorData {
    pub(crate) fn details(self) -> Option<String> {
        match self {
            Self::Object { details } => Some(details),
            Self::Text(text) => match serde_json::from_str(&text) {
                Ok(Self::Object { details }) => Some(details),
                Ok(Self::Text(_) | Self::Other(_)) | Err(_) => Some(text),
            },
            Self::Other(_) => None,
        }
    }
}

/// A call that did not do what it was for. What it says holds no token: addresses are taken out.
#[derive(Debug, Error)]
pub enum CallError {
    /// Meta said no.
    #[error(transparent)]
    Graph(GraphError),
    /// No connection was made: nothing left.
    #[error("no connection to Meta could be made")]
    NotConnected(#[source] reqwest::Error),
    /// It broke off somewhere; Meta may or may not have acted.
    #[error("the call to Meta broke off")]
    Broken(#[source] reqwest::Error),
    /// A status without Meta's envelope.
    #[error("Meta answered with status {0}")]
    Status(u16),
    /// More than any answer of Meta's.
    #[error("Meta's answer is too large")]
    TooLarge,
    /// A success that cannot be read.
    #[error("Meta's answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

impl CallError {
    pub(crate) fn from_send(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_connect() { Self::NotConnected(error) } else { Self::Broken(error) }
    }

    /// Meta's own error, when it was that.
    pub const fn graph(&self) -> Option<&GraphError> {
        match self {
            Self::Graph(error) => Some(error),
            Self::NotConnected(_)
            | Self::Broken(_)
            | Self::Status(_)
            | Self::TooLarge
            | Self::Unreadable(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_found_in_an_object_and_in_a_string_that_holds_one() {
        for error_data in
            [r#"{"messaging_product":"whatsapp","details":"why"}"#, r#""{\"details\":\"why\"}""#, r#""why""#]
        {
            let body = format!(
                r##"{{"error":{{"message":"(#131030) no","code":131030,"error_data":{error_data}}}}}"##
            );
            let error = GraphError::read(body.as_bytes()).unwrap();
            assert_eq!((error.code, error.details.as_deref()), (131_030, Some("why")), "{error_data}");
            assert_eq!(error.as_meta_error().text, "(#131030) no: why");
        }
        let odd = GraphError::read(br#"{"error":{"code":1,"error_data":[1]}}"#).unwrap();
        assert_eq!((odd.details, odd.message.as_str()), (None, "Meta gave no words"));
        assert_eq!(GraphError::read(b"<html>"), None);
        assert_eq!(GraphError::read(br#"{"messages":[]}"#), None);
    }

    #[test]
    fn only_a_throttle_is_turned_away_before_anything_was_done() {
        let throttles: Vec<i32> = [0, 1, 2, 4, 100, 190, 130_429, 131_026, 131_056, 132_015, 80_007]
            .into_iter()
            .filter(|code| ErrorClass::of(*code).is_throttle())
            .collect();
        assert_eq!(throttles, [4, 130_429, 131_056, 80_007]);
        assert!(is_about_account(190) && is_about_account(200) && !is_about_account(131_026));
    }
}

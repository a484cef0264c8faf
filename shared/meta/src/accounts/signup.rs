//! The event that Meta's login window sends to the page when a business connects itself (Meta: Embedded Signup,
//! implementation).
//!
//! It comes through the tenant's browser, so it is a hint and not a proof: only the exchanged token shows what was
//! connected. It shows which steps remain.

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::webhook::JsonAccess;

/// The page message's `type`.
const TYPE: &str = "WA_EMBEDDED_SIGNUP";
/// The business keeps using its app on that number; registering the number would disconnect the app.
const BUSINESS_APP: &str = "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING";

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signup {
    /// Meta's word for the event: `FINISH`, `FINISH_ONLY_WABA`, `CANCEL`, …
    pub flow: String,
    #[serde(flatten)]
    pub outcome: SignupOutcome,
}

/// How the login ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SignupOutcome {
    Finished {
        waba_id: Option<String>,
        /// [`None`] when the account has no number yet.
        phone_number_id: Option<String>,
        business_id: Option<String>,
        /// Whether we register the number.
        register_phone: bool,
    },
    Cancelled {
        /// The step at which the person left.
        current_step: Option<String>,
    },
    /// Meta stopped the login.
    Error {
        message: Option<String>,
        error_id: Option<String>,
        /// Asked for by Meta's support.
        session_id: Option<String>,
    },
}

/// Why a page message is not an event of Meta's login window.
#[derive(Debug, Error)]
pub enum NotASignup {
    /// Not JSON.
    #[error("the message is not JSON")]
    NoJson(#[source] serde_json::Error),
    /// Another type, or no event.
    #[error("the message is not an event of the login window")]
    Foreign,
}

impl Signup {
    /// Reads the page message. An unknown event counts as a cancelled login.
    pub fn read(message: &[u8]) -> Result<Self, NotASignup> {
        let message: Value = serde_json::from_slice(message).map_err(NotASignup::NoJson)?;
        let flow = message.text("event").filter(|_| message.at("type") == TYPE).ok_or(NotASignup::Foreign)?;
        let data = message.at("data");
        let outcome = if flow.starts_with("FINISH") {
            let phone_number_id = data.id("phone_number_id");
            SignupOutcome::Finished {
                waba_id: data.id("waba_id"),
                business_id: data.id("business_id"),
                register_phone: flow != BUSINESS_APP && phone_number_id.is_some(),
                phone_number_id,
            }
        } else if data.get("error_id").or(data.get("error_message")).is_some() {
            SignupOutcome::Error {
                message: data.text("error_message"),
                error_id: data.id("error_id"),
                session_id: data.id("session_id"),
            }
        } else {
            SignupOutcome::Cancelled { current_step: data.text("current_step") }
        };
        Ok(Self { flow, outcome })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_not_a_login_event_is_refused() {
        for message in [
            "",
            "{",
            "[]",
            "null",
            "{}",
            r#"{"type":"WA_EMBEDDED_SIGNUP"}"#,
            r#"{"type":"x","event":"FINISH"}"#,
        ] {
            assert!(Signup::read(message.as_bytes()).is_err(), "{message}");
        }
    }

    #[test]
    fn a_number_of_the_business_app_is_never_registered() {
        let read = |flow: &str, data: &str| {
            let message = format!(r#"{{"type":"WA_EMBEDDED_SIGNUP","event":"{flow}","data":{data}}}"#);
            Signup::read(message.as_bytes()).unwrap().outcome
        };
        let registers =
            |flow, data| matches!(read(flow, data), SignupOutcome::Finished { register_phone: true, .. });
        assert!(registers("FINISH", r#"{"phone_number_id":1060,"waba_id":"5"}"#));
        assert!(!registers("FINISH_ONLY_WABA", r#"{"waba_id":"5"}"#));
        assert!(!registers(BUSINESS_APP, r#"{"phone_number_id":"1060","waba_id":"5"}"#));
        assert_eq!(read("LATER", "null"), SignupOutcome::Cancelled { current_step: None });
    }
}

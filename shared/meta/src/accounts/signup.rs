//! What Meta's login window tells the page when a business connects itself (Meta: Embedded Signup, implementation).
//!
//! It comes through the tenant's browser, so it is a hint and no proof: what was connected is what the exchanged token
//! opens. It says which steps are left.

use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use crate::webhook::JsonAccess;

/// The page message's type.
const TYPE: &str = "WA_EMBEDDED_SIGNUP";
/// The business goes on using its own app on that number: registering it would throw the app out.
const BUSINESS_APP: &str = "FINISH_WHATSAPP_BUSINESS_APP_ONBOARDING";

/// How the login went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signup {
    /// Meta's word: `FINISH`, `FINISH_ONLY_WABA`, `CANCEL`, …
    pub flow: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: SignupOutcome,
}

/// What came of the login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum SignupOutcome {
    /// Something was connected.
    Finished {
        /// The WhatsApp Business account.
        waba_id: Option<String>,
        /// The number, unless it has none yet.
        phone_number_id: Option<String>,
        /// The business.
        business_id: Option<String>,
        /// Whether the number is ours to register.
        register_phone: bool,
    },
    /// The person left.
    Cancelled {
        /// Where.
        current_step: Option<String>,
    },
    /// Meta stopped it.
    Error {
        /// Meta's words, for the person.
        message: Option<String>,
        /// Meta's id of the error.
        error_id: Option<String>,
        /// What Meta's support asks for.
        session_id: Option<String>,
    },
}

/// The message is not of Meta's login window.
#[derive(Debug, Error)]
pub enum NotASignup {
    /// No JSON.
    #[error("the message is no JSON")]
    NoJson(#[source] serde_json::Error),
    /// Another type, or no event.
    #[error("the message is no event of the login window")]
    Foreign,
}

impl Signup {
    /// Reads the page message. An event that is not known yet is one that finished nothing.
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
    fn what_is_no_message_of_the_login_window_is_refused() {
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
    fn the_number_of_a_business_app_is_never_registered() {
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

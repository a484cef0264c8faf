//! A template's buttons (Meta: template components, buttons).

use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::present;

/// A button. Labels have at most 25 characters; quick replies must be adjacent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TemplateButton {
    QuickReply {
        text: String,
    },
    /// A link; at most two.
    Url {
        text: String,
        /// The address, with at most one variable, at its end.
        url: String,
        /// An example of the address, or of its end.
        example: Option<String>,
    },
    /// A number to call; at most one.
    PhoneNumber {
        text: String,
        phone_number: String,
    },
    /// A coupon code to copy; at most one. Meta writes the label.
    CopyCode {
        /// An example of the code.
        example: String,
    },
    /// A one-time password: the only button of an authentication template.
    Otp(OtpButton),
    Flow {
        text: String,
        flow: FlowSource,
        /// `navigate` or `data_exchange`.
        action: Option<String>,
        /// The first screen.
        navigate_screen: Option<String>,
    },
    Catalog {
        text: String,
    },
    MultiProduct {
        text: String,
    },
    SingleProduct {
        text: String,
    },
    /// An order to be paid.
    Order {
        text: String,
    },
    /// A call to the business through WhatsApp.
    VoiceCall {
        text: String,
        /// How long the button works, in minutes.
        ttl_minutes: Option<u32>,
    },
    /// Asks for a phone number, where only a business-scoped user id is known. Meta writes the label.
    RequestContactInfo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlowSource {
    Id(String),
    Name(String),
    /// Created together with the template, from the flow's JSON as text.
    Json(String),
}

/// A button for a one-time password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtpButton {
    /// How the code gets into the app.
    pub kind: OtpKind,
    /// The label for copying; without one Meta writes it.
    pub text: Option<String>,
}

/// How a code gets into an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtpKind {
    /// The recipient copies it.
    CopyCode,
    /// One tap fills it in, on Android.
    OneTap {
        /// The label for filling in.
        autofill_text: Option<String>,
        apps: OtpApps,
    },
    /// It is filled in without a tap, on Android.
    ZeroTap {
        /// The label for filling in, for devices where a tap is needed.
        autofill_text: Option<String>,
        apps: OtpApps,
        /// Whether the business accepts Meta's terms for it; Meta refuses `false`.
        terms_accepted: bool,
    },
}

/// The apps that a code may be filled into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OtpApps {
    /// `supported_apps`: one to five.
    Listed(Vec<OtpApp>),
    /// One app, in members beside the button: Meta's format before it accepted several.
    Beside(OtpApp),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtpApp {
    /// Such as `com.example.myapplication`.
    pub package_name: String,
    /// The hash of its signing key, 11 characters.
    pub signature_hash: String,
}

impl TemplateButton {
    pub(super) fn json(&self) -> Value {
        let labelled = |kind: &str, text: &str| json!({ "type": kind, "text": text });
        match self {
            Self::QuickReply { text } => labelled("QUICK_REPLY", text),
            Self::Url { text, url, example } => {
                let example = example.as_ref().map(|example| [example]);
                present(json!({ "type": "URL", "text": text, "url": url, "example": example }))
            }
            Self::PhoneNumber { text, phone_number } => {
                json!({ "type": "PHONE_NUMBER", "text": text, "phone_number": phone_number })
            }
            Self::CopyCode { example } => json!({ "type": "COPY_CODE", "example": example }),
            Self::Otp(button) => button.json(),
            Self::Flow { text, flow, action, navigate_screen } => {
                let (id, name, json) = match flow {
                    FlowSource::Id(id) => (Some(id), None, None),
                    FlowSource::Name(name) => (None, Some(name), None),
                    FlowSource::Json(json) => (None, None, Some(json)),
                };
                present(json!({
                    "type": "FLOW", "text": text, "flow_id": id, "flow_name": name, "flow_json": json,
                    "flow_action": action, "navigate_screen": navigate_screen,
                }))
            }
            Self::Catalog { text } => labelled("CATALOG", text),
            Self::MultiProduct { text } => labelled("MPM", text),
            Self::SingleProduct { text } => labelled("SPM", text),
            Self::Order { text } => labelled("ORDER_DETAILS", text),
            Self::VoiceCall { text, ttl_minutes } => {
                present(json!({ "type": "VOICE_CALL", "text": text, "ttl_minutes": ttl_minutes }))
            }
            Self::RequestContactInfo => json!({ "type": "REQUEST_CONTACT_INFO" }),
        }
    }
}

impl OtpButton {
    fn json(&self) -> Value {
        let (otp_type, autofill_text, apps, accepted) = match &self.kind {
            OtpKind::CopyCode => ("COPY_CODE", None, None, None),
            OtpKind::OneTap { autofill_text, apps } => ("ONE_TAP", autofill_text.as_ref(), Some(apps), None),
            OtpKind::ZeroTap { autofill_text, apps, terms_accepted } => {
                ("ZERO_TAP", autofill_text.as_ref(), Some(apps), Some(terms_accepted))
            }
        };
        let (listed, beside) = match apps {
            None => (None, None),
            Some(OtpApps::Listed(apps)) => (Some(apps), None),
            Some(OtpApps::Beside(app)) => (None, Some(app)),
        };
        present(json!({
            "type": "OTP",
            "otp_type": otp_type,
            "text": self.text,
            "autofill_text": autofill_text,
            "zero_tap_terms_accepted": accepted,
            "supported_apps": listed,
            "package_name": beside.map(|app| &app.package_name),
            "signature_hash": beside.map(|app| &app.signature_hash),
        }))
    }
}

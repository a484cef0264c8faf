//! Templates that Meta wrote and approves at once (Meta: template library).

use serde_json::{Value, json};

use super::button::OtpApp;
use crate::wire::present;

/// What a template is taken from, and what the business puts in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryTemplate {
    /// Meta's name of it in the library.
    pub name: String,
    /// Sentences that Meta adds to the body; only where the template offers them.
    pub body: Option<LibraryBody>,
    /// What its buttons lead to, in order.
    pub buttons: Vec<LibraryButton>,
}

/// Sentences that Meta adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryBody {
    /// Whom to call.
    pub add_contact_number: Option<bool>,
    /// Where to read more.
    pub add_learn_more_link: Option<bool>,
    /// That a code is not to be shared.
    pub add_security_recommendation: Option<bool>,
    /// Where to follow a parcel.
    pub add_track_package_link: Option<bool>,
    /// How long a code holds.
    pub code_expiration_minutes: Option<u8>,
}

/// What a button leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LibraryButton {
    /// An address.
    Url {
        /// The address, with a place at its end if it has one.
        base_url: String,
        /// The whole address as an example.
        url_suffix_example: Option<String>,
    },
    /// A number to call.
    PhoneNumber(String),
    /// A code.
    Otp {
        /// `COPY_CODE`, `ONE_TAP` or `ZERO_TAP`.
        otp_type: String,
        /// The apps that it may be filled into.
        apps: Vec<OtpApp>,
        /// That the business accepts Meta's terms for filling in without a tap.
        zero_tap_terms_accepted: Option<bool>,
    },
}

impl LibraryBody {
    pub(super) fn json(&self) -> Value {
        present(json!({
            "add_contact_number": self.add_contact_number,
            "add_learn_more_link": self.add_learn_more_link,
            "add_security_recommendation": self.add_security_recommendation,
            "add_track_package_link": self.add_track_package_link,
            "code_expiration_minutes": self.code_expiration_minutes,
        }))
    }
}

impl LibraryButton {
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Url { base_url, url_suffix_example } => {
                let url = present(json!({ "base_url": base_url, "url_suffix_example": url_suffix_example }));
                json!({ "type": "URL", "url": url })
            }
            Self::PhoneNumber(number) => json!({ "type": "PHONE_NUMBER", "phone_number": number }),
            Self::Otp { otp_type, apps, zero_tap_terms_accepted } => present(json!({
                "type": "OTP",
                "otp_type": otp_type,
                "supported_apps": (!apps.is_empty()).then_some(apps),
                "zero_tap_terms_accepted": zero_tap_terms_accepted,
            })),
        }
    }
}

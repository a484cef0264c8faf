//! The states of an account, of its token and of its phone number.

use serde::{Deserialize, Serialize};

/// Set by an order. Every state but `ACTIVE` and `MARKETING_DISABLED` refuses sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AccountState {
    #[default]
    Active,
    /// Disabled for a violation: 131031.
    Locked,
    /// Restricted for a violation: 368.
    Restricted,
    /// No payment method: 131042.
    Unpaid,
    /// Under maintenance: 131057.
    Maintenance,
    /// Marketing templates only through the Marketing Messages API: 131063.
    MarketingDisabled,
}

/// Set by an order. Every state but `LIVE` is refused with 190 and a subcode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TokenState {
    #[default]
    Live,
    /// 463
    Expired,
    /// 467
    Invalidated,
    /// 460
    PasswordChanged,
}

impl TokenState {
    /// `error_subcode` and the reason, unless the token is live.
    pub(crate) const fn refusal(self) -> Option<(i64, &'static str)> {
        match self {
            Self::Live => None,
            Self::Expired => Some((463, "Session has expired")),
            Self::Invalidated => Some((467, "The session is invalid because the user logged out")),
            Self::PasswordChanged => {
                Some((460, "The session has been invalidated because the password changed"))
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scope {
    #[serde(rename = "whatsapp_business_management")]
    Management,
    #[serde(rename = "whatsapp_business_messaging")]
    Messaging,
}

impl Scope {
    /// What Embedded Signup grants.
    pub(crate) fn all() -> Vec<Self> {
        vec![Self::Management, Self::Messaging]
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Management => "whatsapp_business_management",
            Self::Messaging => "whatsapp_business_messaging",
        }
    }
}

/// `quality_rating` of a number and `quality_score` of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Quality {
    Green,
    Yellow,
    Red,
    Unknown,
}

/// `throughput.level` of a number: 80 or 1,000 messages per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Throughput {
    Standard,
    High,
}

/// `status` of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum NumberStatus {
    Connected,
    Pending,
    Banned,
    Deleted,
    Disconnected,
    Flagged,
    Migrated,
    RateLimited,
    Restricted,
}

/// `name_status` and `new_name_status` of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum NameState {
    Approved,
    Declined,
    PendingReview,
}

/// What Graph shows of a number and orders can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NumberState {
    pub(crate) quality: Quality,
    pub(crate) throughput: Throughput,
    /// `whatsapp_business_manager_messaging_limit`.
    pub(crate) messaging_limit: String,
    /// Replaces the status that follows from the registration.
    pub(crate) status: Option<NumberStatus>,
    /// Replaces the business's name.
    pub(crate) verified_name: Option<String>,
    /// A requested name that is in review or was declined.
    pub(crate) new_name: Option<(String, NameState)>,
    /// The two-step verification PIN, once it is set.
    pub(crate) pin: Option<String>,
    /// The WhatsApp Business app also uses the number.
    pub(crate) on_business_app: bool,
}

impl Default for NumberState {
    fn default() -> Self {
        Self {
            quality: Quality::Green,
            throughput: Throughput::Standard,
            messaging_limit: "TIER_250".to_owned(),
            status: None,
            verified_name: None,
            new_name: None,
            pin: None,
            on_business_app: false,
        }
    }
}

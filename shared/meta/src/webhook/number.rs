//! Webhooks about a business number.

use serde::Serialize;
use serde_json::Value;

use super::json::JsonAccess;

/// `phone_number_quality_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhoneQuality {
    pub phone: Option<String>,
    /// `ONBOARDING`, `THROUGHPUT_UPGRADE`, or an older word.
    pub change: String,
    /// The current limit, such as `TIER_2K`.
    pub current_limit: Option<String>,
}

pub(super) fn quality(value: &Value) -> Result<PhoneQuality, &'static str> {
    let limit = || value.text("max_daily_conversations_per_business");
    Ok(PhoneQuality {
        phone: value.text("display_phone_number"),
        change: value.text("event").ok_or("a number's quality without an event")?,
        current_limit: value.text("current_limit").or_else(limit),
    })
}

/// `phone_number_name_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhoneName {
    pub phone: Option<String>,
    /// `APPROVED`, `REJECTED`, `PENDING` or `DEFERRED`.
    pub decision: String,
    /// The requested name.
    pub name: Option<String>,
    pub rejection_reason: Option<String>,
}

pub(super) fn name(value: &Value) -> Result<PhoneName, &'static str> {
    Ok(PhoneName {
        phone: value.text("display_phone_number"),
        decision: value.text("decision").ok_or("a number's name without a decision")?,
        name: value.text("requested_verified_name"),
        rejection_reason: value.text("rejection_reason"),
    })
}

/// `security`: the number's two-step verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Security {
    pub phone: Option<String>,
    /// `PIN_CHANGED`, `PIN_RESET_REQUEST` or `PIN_REQUEST_SUCCESS`.
    pub r#type: String,
    pub requester: Option<String>,
}

pub(super) fn security(value: &Value) -> Result<Security, &'static str> {
    Ok(Security {
        phone: value.text("display_phone_number"),
        r#type: value.text("event").ok_or("a security event without the event")?,
        requester: value.id("requester"),
    })
}

/// `business_username_updates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BusinessUsername {
    pub phone: Option<String>,
    /// [`None`] once it is deleted.
    pub username: Option<String>,
    /// `approved`, `reserved`, `deleted`, …
    pub status: String,
}

pub(super) fn username(value: &Value) -> Result<BusinessUsername, &'static str> {
    Ok(BusinessUsername {
        phone: value.text("display_phone_number"),
        username: value.text("username"),
        status: value.text("status").ok_or("a username without a status")?,
    })
}

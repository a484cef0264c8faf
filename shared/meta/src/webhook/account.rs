//! Webhooks about an account, or about the business that owns it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use super::error_note;
use super::json::JsonAccess;
use crate::error::{Advice, ErrorClass};

/// `account_update`: one of some twenty events, each with its own members.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountUpdate {
    /// Meta's word, such as `DISABLED_UPDATE` or `PARTNER_REMOVED`.
    pub r#type: String,
    /// The number concerned, if any.
    pub phone_number: Option<String>,
    /// The business' country.
    pub country: Option<String>,
    /// The account and its owner, in Meta's JSON. When the entry names a partner's business, the account is here.
    pub waba_info: Option<Value>,
    /// Violations of Meta's policies, in Meta's JSON.
    pub violation_info: Option<Value>,
    /// Disabled or reinstated, in Meta's JSON.
    pub ban_info: Option<Value>,
    /// What is forbidden and until when, in Meta's JSON.
    pub restriction_info: Option<Value>,
    /// Where international rates will apply, in Meta's JSON.
    pub auth_international_rate_eligibility: Option<Value>,
    /// The result of a client's certification, in Meta's JSON.
    pub partner_client_certification_info: Option<Value>,
    /// A tier of volume prices that was reached, in Meta's JSON.
    pub volume_tier_info: Option<Value>,
    /// Why a business' app was disconnected, in Meta's JSON.
    pub disconnection_info: Option<Value>,
}

/// What an account update means for sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing can be sent.
    Closed,
    /// A ban was lifted.
    Reopened,
    /// No change for sending.
    Unchanged,
}

impl AccountUpdate {
    /// The account concerned, where the update names it.
    pub fn account(&self) -> Option<String> {
        self.waba_info.as_ref().and_then(|info| info.id("waba_id"))
    }

    /// What it means for sending (Meta: `account_update`, ban info).
    pub fn standing(&self) -> Standing {
        let ban = self.ban_info.as_ref().and_then(|info| info.text("waba_ban_state"));
        match (self.r#type.as_str(), ban.as_deref()) {
            ("ACCOUNT_DELETED", _) | ("DISABLED_UPDATE", Some("DISABLE")) => Standing::Closed,
            ("DISABLED_UPDATE", Some("REINSTATE")) => Standing::Reopened,
            _ => Standing::Unchanged,
        }
    }
}

pub(super) fn update(value: &Value) -> Result<AccountUpdate, &'static str> {
    Ok(AccountUpdate {
        r#type: value.text("event").ok_or("an account update without an event")?,
        phone_number: value.text("phone_number"),
        country: value.text("country"),
        waba_info: value.raw("waba_info"),
        violation_info: value.raw("violation_info"),
        ban_info: value.raw("ban_info"),
        restriction_info: value.raw("restriction_info"),
        auth_international_rate_eligibility: value.raw("auth_international_rate_eligibility"),
        partner_client_certification_info: value.raw("partner_client_certification_info"),
        volume_tier_info: value.raw("volume_tier_info"),
        disconnection_info: value.raw("disconnection_info"),
    })
}

/// `account_review_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountReview {
    /// `APPROVED`, `REJECTED`, `PENDING` or `DEFERRED`.
    pub decision: String,
}

pub(super) fn review(value: &Value) -> Result<AccountReview, &'static str> {
    let decision = value.text("decision").ok_or("an account review without a decision")?;
    Ok(AccountReview { decision })
}

/// `account_alerts`; its members are in `alert_info`, or beside the entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountAlert {
    /// `BUSINESS`, `PHONE_NUMBER`, …
    pub entity_type: Option<String>,
    pub entity_id: Option<String>,
    /// `CRITICAL`, `WARNING` or `INFORMATIONAL`.
    pub severity: Option<String>,
    /// `ACTIVE`, or ended.
    pub status: Option<String>,
    pub r#type: String,
    pub description: Option<String>,
}

pub(super) fn alert(value: &Value) -> Result<AccountAlert, &'static str> {
    let info = Some(value.at("alert_info")).filter(|info| info.is_object()).unwrap_or(value);
    let text = |long: &str, short: &str| info.text(long).or_else(|| info.text(short));
    Ok(AccountAlert {
        entity_type: value.text("entity_type"),
        entity_id: value.id("entity_id"),
        severity: text("alert_severity", "severity"),
        status: text("alert_status", "status"),
        r#type: text("alert_type", "type").ok_or("an alert without a type")?,
        description: text("alert_description", "description"),
    })
}

/// `business_capability_update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BusinessCapability {
    /// How many people the business may message first in a day.
    pub max_daily_conversations_per_business: Option<Limit>,
    /// How many numbers an account may have.
    pub max_phone_numbers_per_waba: Option<i64>,
}

/// A limit, as a tier or as a count; -1 has meant unlimited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Limit {
    /// Such as 2000.
    Count(i64),
    /// Such as `TIER_2K`.
    Tier(String),
}

pub(super) fn capability(value: &Value) -> BusinessCapability {
    let limit = |name: &str| match value.at(name) {
        Value::Number(number) => number.as_i64().map(Limit::Count),
        Value::String(tier) => Some(Limit::Tier(tier.clone())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    BusinessCapability {
        max_daily_conversations_per_business: limit("max_daily_conversations_per_business")
            .or_else(|| limit("max_daily_conversation_per_phone")),
        max_phone_numbers_per_waba: value
            .integer("max_phone_numbers_per_waba")
            .or_else(|| value.integer("max_phone_numbers_per_business")),
    }
}

/// An error of the account and not of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountError {
    /// Such as 130429.
    pub error_code: Option<i64>,
    pub title: Option<String>,
    pub message: Option<String>,
    /// Explanation for developers.
    pub details: Option<String>,
    pub error_class: ErrorClass,
    pub retry: Advice,
}

pub(super) fn error(value: &Value) -> Result<AccountError, &'static str> {
    if !value.is_object() {
        return Err("an error that is not an object");
    }
    let note = error_note::read(value);
    Ok(AccountError {
        retry: note.advice(),
        error_code: note.code,
        title: note.title.map(Cow::into_owned),
        message: note.message.map(Cow::into_owned),
        details: note.details.map(Cow::into_owned),
        error_class: note.class,
    })
}

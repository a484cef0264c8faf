//! Webhooks about a person: preferences, ids and contacts.

use serde::Serialize;
use serde_json::Value;

use super::json::{JsonAccess, UnixTime};

/// `user_preferences`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserPreference {
    pub wa_id: Option<String>,
    pub user_id: Option<String>,
    /// `marketing_messages`.
    pub category: Option<String>,
    /// `stop`, `resume` or `signup`.
    pub value: String,
    pub signup_id: Option<String>,
    pub timestamp: Option<UnixTime>,
}

pub(super) fn preference(value: &Value) -> Result<UserPreference, &'static str> {
    Ok(UserPreference {
        wa_id: value.id("wa_id"),
        user_id: value.id("user_id"),
        category: value.text("category"),
        value: value.text("value").ok_or("a preference without a value")?,
        signup_id: value.id("signup_id"),
        timestamp: value.time("timestamp"),
    })
}

/// `user_id_update`: a phone number has a new owner, and so a new business-scoped id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UserIdUpdate {
    pub wa_id: Option<String>,
    /// The former id.
    pub previous: Option<String>,
    /// The new id.
    pub current: String,
    pub timestamp: Option<UnixTime>,
}

pub(super) fn user_id(value: &Value) -> Result<UserIdUpdate, &'static str> {
    let ids = value.at("user_id");
    Ok(UserIdUpdate {
        wa_id: value.id("wa_id"),
        previous: ids.id("previous").or_else(|| value.id("previous_user_id")),
        current: ids.id("current").or_else(|| value.id("user_id")).ok_or("a new user id without the id")?,
        timestamp: value.time("timestamp"),
    })
}

/// `smb_app_state_sync`: a contact in the business' app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactSync {
    /// `add` or `remove`.
    pub action: Option<String>,
    /// The name in the address book.
    pub contact: Option<String>,
    pub phone: Option<String>,
    pub user_id: Option<String>,
}

pub(super) fn contact(value: &Value) -> Result<ContactSync, &'static str> {
    let contact = value.at("contact");
    if !contact.is_object() {
        return Err("a contact without the contact");
    }
    Ok(ContactSync {
        action: value.text("action"),
        contact: contact.text("full_name").or_else(|| contact.text("first_name")),
        phone: contact.id("phone_number"),
        user_id: contact.id("user_id"),
    })
}

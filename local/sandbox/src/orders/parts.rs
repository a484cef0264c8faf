//! Parts of webhook values about people.

use serde_json::{Map, Value, json};

use crate::account::Account;

/// Name of people whose order gives none.
pub(super) const DEFAULT_NAME: &str = "Sandbox recipient";

/// `metadata`: the number of the business.
pub(super) fn metadata(account: &Account) -> Value {
    json!({ "display_phone_number": account.digits(), "phone_number_id": account.phone_number_id })
}

/// An element of `contacts`; `from` is a phone number or a business-scoped user id.
pub(super) fn contact(from: &str, name: &str, user_id: Option<&str>) -> Value {
    let mut members = Map::new();
    members.insert("profile".into(), json!({ "name": name }));
    if let Some(digits) = from.strip_prefix('+') {
        members.insert("wa_id".into(), json!(digits));
    }
    if let Some(user_id) = user_id.or_else(|| scoped_id(from)) {
        members.insert("user_id".into(), json!(user_id));
    }
    Value::Object(members)
}

/// A person's id, unless it is a phone number.
pub(super) fn scoped_id(from: &str) -> Option<&str> {
    (!from.starts_with('+')).then_some(from)
}

//! `health_status`: whether number, WABA, business and app can send messages.

use serde_json::{Map, Value, json};

use crate::account::{Account, AccountState, NumberStatus, Quality};

pub(super) fn health(app_id: &str, account: &Account) -> Value {
    let number = number_health(account);
    let waba = waba_health(account);
    let entity = |kind: &str, id: &str, (availability, error): (&str, Option<Value>)| {
        let mut members = Map::new();
        members.insert("entity_type".into(), json!(kind));
        members.insert("id".into(), json!(id));
        members.insert("can_send_message".into(), json!(availability));
        if let Some(error) = error {
            members.insert("errors".into(), json!([error]));
        }
        Value::Object(members)
    };
    let availabilities = [number.0, waba.0];
    let worst = ["BLOCKED", "LIMITED"].into_iter().find(|availability| availabilities.contains(availability));
    json!({
        "can_send_message": worst.unwrap_or("AVAILABLE"),
        "entities": [
            entity("PHONE_NUMBER", &account.phone_number_id, number),
            entity("WABA", &account.waba_id, waba),
            entity("BUSINESS", &account.business_id, ("AVAILABLE", None)),
            entity("APP", app_id, ("AVAILABLE", None)),
        ],
    })
}

fn error(code: i64, description: &str, solution: &str) -> Value {
    json!({ "error_code": code, "error_description": description, "possible_solution": solution })
}

fn number_health(account: &Account) -> (&'static str, Option<Value>) {
    match account.number_status() {
        NumberStatus::Connected if account.number_state.quality == Quality::Red => ("LIMITED", None),
        NumberStatus::Connected => ("AVAILABLE", None),
        NumberStatus::Flagged => ("LIMITED", None),
        NumberStatus::Pending
        | NumberStatus::Banned
        | NumberStatus::Deleted
        | NumberStatus::Disconnected
        | NumberStatus::Migrated
        | NumberStatus::RateLimited
        | NumberStatus::Restricted => {
            ("BLOCKED", Some(error(141_000, "The phone number cannot send.", "Register the phone number.")))
        }
    }
}

fn waba_health(account: &Account) -> (&'static str, Option<Value>) {
    match account.state {
        AccountState::Active => ("AVAILABLE", None),
        AccountState::MarketingDisabled => ("LIMITED", None),
        AccountState::Unpaid => {
            ("BLOCKED", Some(error(141_006, "There is no valid payment method.", "Add a payment method.")))
        }
        AccountState::Locked | AccountState::Restricted | AccountState::Maintenance => {
            ("BLOCKED", Some(error(141_001, "The account is restricted.", "Ask for a review.")))
        }
    }
}

//! `POST /sandbox/preferences`: a person stops a business's marketing messages or wants them again.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::order::{Answer, OrderError, check_copies, check_delay, choose_account, read, updates};
use super::parts::{DEFAULT_NAME, contact, metadata};
use crate::person::person;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::update::Notice;

/// `value` of `user_preferences`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Preference {
    Stop,
    Resume,
    Signup,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreferenceOrder {
    /// A phone number in any notation, or a business-scoped user id.
    from: String,
    value: Preference,
    phone_number_id: Option<String>,
    waba_id: Option<String>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// Marketing templates to a person who stopped are refused with 131050.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: PreferenceOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    let from = person(&order.from);
    let at_ms = sandbox.now_ms() + order.delay_ms;
    let is_sent = sandbox
        .commit(|state| {
            let account = choose_account(state, order.waba_id.as_deref(), order.phone_number_id.as_deref())?;
            let value = json!({
                "messaging_product": "whatsapp",
                "metadata": metadata(&account),
                "contacts": [contact(&from, DEFAULT_NAME, None)],
                "user_preferences": [preference(&from, order.value, at_ms)],
            });
            let waba_id = account.waba_id.clone();
            let notice = Notice::field(&waba_id, "user_preferences", value);
            let updates = updates(&sandbox, state, &account, (vec![notice], copies, at_ms));
            let is_sent = !updates.is_empty();
            let stopped = order.value == Preference::Stop;
            Ok::<_, OrderError>((Some(Record::Preference { waba_id, from, stopped, updates }), is_sent))
        })
        .await?;
    Ok(Json(json!({ "told": is_sent })))
}

fn preference(from: &str, value: Preference, at_ms: u64) -> Value {
    let mut members = Map::new();
    match from.strip_prefix('+') {
        Some(digits) => members.insert("wa_id".into(), json!(digits)),
        None => members.insert("user_id".into(), json!(from)),
    };
    let detail = match value {
        Preference::Stop => "User requested to stop marketing messages",
        Preference::Resume => "User requested to resume marketing messages",
        Preference::Signup => {
            members.insert("signup_id".into(), json!((at_ms / 1_000).to_string()));
            "User signed up for marketing messages"
        }
    };
    members.insert("detail".into(), json!(detail));
    members.insert("category".into(), json!("marketing_messages"));
    members.insert("value".into(), json!(value));
    members.insert("timestamp".into(), json!(at_ms / 1_000));
    Value::Object(members)
}

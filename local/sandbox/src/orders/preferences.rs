//! `POST /sandbox/preferences`: a person stops a business' marketing messages, or wants them again.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::inbound::{contact, metadata};
use super::{Answer, OrderError, check_copies, check_delay, choose, read, updates};
use crate::clock;
use crate::person::person;
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;

/// What a person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wish {
    Stop,
    Resume,
    Signup,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PreferenceOrder {
    /// A number in any spelling or a business-scoped user id.
    from: String,
    value: Wish,
    phone_number_id: Option<String>,
    waba_id: Option<String>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// From then on marketing templates to this person are refused with 131050, or are not.
pub(super) async fn change(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: PreferenceOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    let from = person(&order.from);
    let told_ms = clock::now_ms() + order.delay_ms;
    let told = sandbox
        .commit(|world| {
            let account = choose(world, order.waba_id.as_deref(), order.phone_number_id.as_deref())?;
            let value = json!({
                "messaging_product": "whatsapp",
                "metadata": metadata(&account),
                "contacts": [contact(&from, None)],
                "user_preferences": [preference(&from, order.value, told_ms)],
            });
            let waba_id = account.waba_id.clone();
            let field = "user_preferences".to_owned();
            let news = News::Field(FieldNews { waba_id: waba_id.clone(), field, value });
            let updates = updates(&sandbox, world, &account, (vec![news], copies, told_ms));
            let told = !updates.is_empty();
            let stopped = order.value == Wish::Stop;
            Ok::<_, OrderError>((Some(Record::Preference { waba_id, from, stopped, updates }), told))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(json!({ "told": told })))
}

fn preference(from: &str, wish: Wish, told_ms: u64) -> Value {
    let mut members = Map::new();
    match from.strip_prefix('+') {
        Some(digits) => members.insert("wa_id".into(), json!(digits)),
        None => members.insert("user_id".into(), json!(from)),
    };
    let detail = match wish {
        Wish::Stop => "User requested to stop marketing messages",
        Wish::Resume => "User requested to resume marketing messages",
        Wish::Signup => {
            members.insert("signup_id".into(), json!((told_ms / 1_000).to_string()));
            "User signed up for marketing messages"
        }
    };
    members.insert("detail".into(), json!(detail));
    members.insert("category".into(), json!("marketing_messages"));
    members.insert("value".into(), json!(wish));
    members.insert("timestamp".into(), json!(told_ms / 1_000));
    Value::Object(members)
}

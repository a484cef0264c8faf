//! `POST /sandbox/inbound`: a person writes to a number, which opens the 24 hours for free-form messages.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::order::{Answer, OrderError, check_copies, check_delay, choose_account, read, updates};
use super::parts::{DEFAULT_NAME, contact, metadata, scoped_id};
use crate::account::Account;
use crate::person::person;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::update::Notice;

mod content;

use content::InboundType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InboundOrder {
    /// A phone number in any notation, or a business-scoped user id.
    from: String,
    r#type: Option<InboundType>,
    /// The member named like the type; an example by default.
    content: Option<Value>,
    /// Replaces `content` of a text message.
    text: Option<String>,
    /// The wamid that is answered; for buttons and lists the number's last one by default.
    context: Option<String>,
    /// The advertisement or post that led to the message.
    referral: Option<Value>,
    name: Option<String>,
    /// A business-scoped user id beside the number.
    user_id: Option<String>,
    /// The wamid, with which the same message can be sent again later.
    wamid: Option<String>,
    phone_number_id: Option<String>,
    waba_id: Option<String>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// All copies have the same wamid.
pub(super) async fn send(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: InboundOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    if order.from.is_empty() {
        return Err(OrderError::invalid("`from` must be a phone number or a user id"));
    }
    let from = person(&order.from);
    let at_ms = sandbox.now_ms() + order.delay_ms;
    let wamid = order.wamid.clone().unwrap_or_else(|| sandbox.inbound_wamid(&from));
    let shown = sandbox
        .commit(|state| {
            let account = choose_account(state, order.waba_id.as_deref(), order.phone_number_id.as_deref())?;
            let last = state.messages.last_wamid(&account.phone_number_id);
            let message =
                Inbound { account: &account, from: &from, wamid: &wamid, at_ms, last: last.as_deref() };
            let notice = Notice::field(&account.waba_id, "messages", value(&message, &order));
            let updates = updates(&sandbox, state, &account, (vec![notice], copies, at_ms));
            let shown = json!({ "wamid": wamid, "told": !updates.is_empty() });
            let phone_number_id = account.phone_number_id.clone();
            let person_ids = std::iter::once(from.clone()).chain(order.user_id.clone()).collect();
            let record = Record::Inbound { phone_number_id, from: person_ids, at_ms, updates };
            Ok::<_, OrderError>((Some(record), shown))
        })
        .await?;
    Ok(Json(shown))
}

struct Inbound<'a> {
    account: &'a Account,
    from: &'a str,
    wamid: &'a str,
    at_ms: u64,
    /// The wamid of the number's last message.
    last: Option<&'a str>,
}

fn value(inbound: &Inbound<'_>, order: &InboundOrder) -> Value {
    let kind = order.r#type.unwrap_or(InboundType::Text);
    let mut value = Map::new();
    value.insert("messaging_product".into(), json!("whatsapp"));
    value.insert("metadata".into(), metadata(inbound.account));
    if kind != InboundType::System {
        let name = order.name.as_deref().unwrap_or(DEFAULT_NAME);
        let contact = contact(inbound.from, name, order.user_id.as_deref());
        value.insert("contacts".into(), json!([contact]));
    }
    value.insert("messages".into(), json!([message(inbound, order, kind)]));
    Value::Object(value)
}

fn message(inbound: &Inbound<'_>, order: &InboundOrder, kind: InboundType) -> Value {
    let mut members = Map::new();
    if let Some(id) = order.context.as_deref().or_else(|| inbound.last.filter(|_id| kind.is_answer())) {
        members.insert("context".into(), json!({ "from": inbound.account.digits(), "id": id }));
    }
    if let Some(referral) = &order.referral {
        members.insert("referral".into(), referral.clone());
    }
    if let Some(digits) = inbound.from.strip_prefix('+') {
        members.insert("from".into(), json!(digits));
    }
    if let Some(user_id) = order.user_id.as_deref().or_else(|| scoped_id(inbound.from)) {
        members.insert("from_user_id".into(), json!(user_id));
    }
    members.insert("id".into(), json!(inbound.wamid));
    members.insert("timestamp".into(), json!((inbound.at_ms / 1_000).to_string()));
    members.insert("type".into(), json!(kind));
    let text = order.text.as_ref().map(|text| json!({ "body": text }));
    let example = || kind.example(inbound.from, inbound.last.unwrap_or(inbound.wamid));
    let content = order.content.clone().or(text).unwrap_or_else(example);
    members.insert(kind.as_str().into(), content);
    if kind == InboundType::Unsupported {
        let error = json!({
            "code": 131_051,
            "title": "Message type unknown",
            "message": "Message type unknown",
            "error_data": { "details": "Message type is currently not supported." },
        });
        members.insert("errors".into(), json!([error]));
    }
    Value::Object(members)
}

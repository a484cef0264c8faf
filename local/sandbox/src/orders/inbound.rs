//! `POST /sandbox/inbound`: a person writes to a number. That opens the 24 hours for free-form messages.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, OrderError, check_copies, check_delay, choose, read, updates};
use crate::account::Account;
use crate::clock;
use crate::digest;
use crate::person::person;
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;

mod content;

use content::Kind;

/// The name of whoever has given none.
const NAME: &str = "Sandbox recipient";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InboundOrder {
    /// A number in any spelling or a business-scoped user id.
    from: String,
    r#type: Option<Kind>,
    /// The member named like the type; without it the type's own example.
    content: Option<Value>,
    /// Short for `content` of a text.
    text: Option<String>,
    /// The wamid that is answered; for buttons and lists the last one the number sent, unless told otherwise.
    context: Option<String>,
    /// The advertisement or post that led here.
    referral: Option<Value>,
    name: Option<String>,
    /// A business-scoped user id beside the number.
    user_id: Option<String>,
    /// Its own wamid, to tell the same message again later.
    wamid: Option<String>,
    phone_number_id: Option<String>,
    waba_id: Option<String>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// Tells the message as often as asked, always under the same wamid.
pub(super) async fn write(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let order: InboundOrder = read(&body)?;
    check_delay(order.delay_ms)?;
    let copies = check_copies(order.copies)?;
    if order.from.is_empty() {
        return Err(OrderError::bad("`from` must name a person"));
    }
    let from = person(&order.from);
    let told_ms = clock::now_ms() + order.delay_ms;
    let wamid = order.wamid.clone().unwrap_or_else(|| new_wamid(&sandbox, &from));
    let shown = sandbox
        .commit(|world| {
            let account = choose(world, order.waba_id.as_deref(), order.phone_number_id.as_deref())?;
            let last = world.last_wamid(&account.phone_number_id);
            let told = Told { account: &account, from: &from, wamid: &wamid, at_ms: told_ms };
            let value = value(&told, &order, last.as_deref());
            let news = News::Field(FieldNews {
                waba_id: account.waba_id.clone(),
                field: "messages".to_owned(),
                value,
            });
            let updates = updates(&sandbox, world, &account, (vec![news], copies, told_ms));
            let shown = json!({ "wamid": wamid, "told": !updates.is_empty() });
            let phone_number_id = account.phone_number_id.clone();
            let names = std::iter::once(from.clone()).chain(order.user_id.clone()).collect();
            let heard = Record::Heard { phone_number_id, from: names, at_ms: told_ms, updates };
            Ok::<_, OrderError>((Some(heard), shown))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(shown))
}

/// What every part of the value needs.
struct Told<'a> {
    account: &'a Account,
    from: &'a str,
    wamid: &'a str,
    at_ms: u64,
}

fn new_wamid(sandbox: &Sandbox, from: &str) -> String {
    let serial = uuid::Uuid::new_v4().to_string();
    let mut inner = format!("\u{1d}\u{18}\u{b}{}\u{15}\u{2}", from.trim_start_matches('+')).into_bytes();
    inner.extend(digest::sha256(&[&sandbox.nonce, &serial]).iter().take(16));
    format!("wamid.{}", digest::base64(&inner))
}

/// `metadata`: by which number a person and a business talk.
pub(super) fn metadata(account: &Account) -> Value {
    json!({ "display_phone_number": account.digits(), "phone_number_id": account.phone_number_id })
}

/// An element of `contacts`.
pub(super) fn contact(from: &str, order: Option<(&str, Option<&str>)>) -> Value {
    let (name, user_id) = order.unwrap_or((NAME, None));
    let mut members = Map::new();
    members.insert("profile".into(), json!({ "name": name }));
    let by_id = user_id.or_else(|| (!from.starts_with('+')).then_some(from));
    if let Some(digits) = from.strip_prefix('+') {
        members.insert("wa_id".into(), json!(digits));
    }
    if let Some(user_id) = by_id {
        members.insert("user_id".into(), json!(user_id));
    }
    Value::Object(members)
}

fn value(told: &Told<'_>, order: &InboundOrder, last: Option<&str>) -> Value {
    let kind = order.r#type.unwrap_or(Kind::Text);
    let mut value = Map::new();
    value.insert("messaging_product".into(), json!("whatsapp"));
    value.insert("metadata".into(), metadata(told.account));
    if kind != Kind::System {
        let name = order.name.as_deref().unwrap_or(NAME);
        value.insert("contacts".into(), json!([contact(told.from, Some((name, order.user_id.as_deref())))]));
    }
    value.insert("messages".into(), json!([message(told, order, kind, last)]));
    Value::Object(value)
}

fn message(told: &Told<'_>, order: &InboundOrder, kind: Kind, last: Option<&str>) -> Value {
    let mut members = Map::new();
    if let Some(id) = order.context.as_deref().or_else(|| last.filter(|_id| kind.answers())) {
        members.insert("context".into(), json!({ "from": told.account.digits(), "id": id }));
    }
    if let Some(referral) = &order.referral {
        members.insert("referral".into(), referral.clone());
    }
    if let Some(digits) = told.from.strip_prefix('+') {
        members.insert("from".into(), json!(digits));
    }
    let by_id = order.user_id.as_deref().or_else(|| (!told.from.starts_with('+')).then_some(told.from));
    if let Some(user_id) = by_id {
        members.insert("from_user_id".into(), json!(user_id));
    }
    members.insert("id".into(), json!(told.wamid));
    members.insert("timestamp".into(), json!((told.at_ms / 1_000).to_string()));
    members.insert("type".into(), json!(kind));
    let written = order.text.as_ref().map(|text| json!({ "body": text }));
    let own = || kind.example(told.from, last.unwrap_or(told.wamid));
    let content = order.content.clone().or(written).unwrap_or_else(own);
    members.insert(kind.as_str().into(), content);
    if kind == Kind::Unsupported {
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

//! The account's own objects: its number, its registration, the app's subscription, and single objects by id.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::oauth::{check_product, json_body};
use super::{Business, GraphError};
use crate::account::Account;
use crate::digest;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::template::text;

/// Version and object id of a path.
pub(crate) type Ids = Path<(String, String)>;

/// `GET /{waba}/phone_numbers`: the one number of the account.
pub(crate) async fn list(caller: Business, Path((_version, id)): Ids) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "get")?;
    let cursor = digest::base64_url(b"0");
    Ok(Json(json!({
        "data": [phone(&caller.account)],
        "paging": { "cursors": { "before": cursor, "after": cursor } },
    })))
}

fn phone(account: &Account) -> Value {
    json!({
        "id": account.phone_number_id,
        "display_phone_number": account.display_number(),
        "verified_name": account.name,
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "status": if account.registered { "CONNECTED" } else { "PENDING" },
        "platform_type": if account.registered { "CLOUD_API" } else { "NOT_APPLICABLE" },
        "throughput": { "level": "STANDARD" },
    })
}

/// `GET /{id}`: a template, the number or the WABA of the caller; `fields` narrows the answer.
pub(crate) async fn object(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    let fields = caller.query.get("fields").map(String::as_str);
    let account = &caller.account;
    if id == account.phone_number_id {
        return Ok(Json(narrow(phone(account), fields)));
    }
    if id == account.waba_id {
        let waba = json!({
            "id": account.waba_id,
            "name": account.name,
            "currency": "USD",
            "timezone_id": "1",
            "account_review_status": "APPROVED",
            "business_verification_status": "VERIFIED",
            "owner_business_info": { "id": account.business_id, "name": account.name },
        });
        return Ok(Json(narrow(waba, fields)));
    }
    let template = sandbox.world().template(&id).filter(|entry| entry.0.waba_id == account.waba_id);
    let template = template.ok_or_else(|| GraphError::not_found(&id, "get"))?;
    Ok(Json(template.0.view(fields)))
}

fn narrow(object: Value, fields: Option<&str>) -> Value {
    let (Value::Object(mut members), Some(fields)) = (object.clone(), fields) else { return object };
    let asked: BTreeSet<&str> = fields.split(',').map(str::trim).collect();
    members.retain(|name, _value| name == "id" || asked.contains(name.as_str()));
    Value::Object(members)
}

/// `POST /{phone}/register`: the number may send from now on.
pub(crate) async fn register(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.phone(&id)?;
    let body = json_body(&body)?;
    check_product(&body)?;
    let pin = text(&body, "pin");
    if pin.len() != 6 || !pin.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(GraphError::of(400, 100).saying("Invalid PIN format. PIN must be exactly 6 digits"));
    }
    change(&sandbox, &caller, |account| account.registered = true).await
}

/// Changes the caller's account and journals it, unless nothing changes.
async fn change(
    sandbox: &Sandbox,
    caller: &Business,
    how: impl FnOnce(&mut Account),
) -> Result<Json<Value>, GraphError> {
    let waba = &caller.account.waba_id;
    sandbox
        .commit(|world| {
            let before = world.account(waba).ok_or_else(|| GraphError::not_found(waba, "post"))?;
            let mut account = Account::clone(&before);
            how(&mut account);
            let record = (*before != account).then_some(Record::Account { account });
            Ok::<_, GraphError>((record, ()))
        })
        .await?;
    Ok(Json(json!({ "success": true })))
}

/// `POST /{waba}/subscribed_apps`: webhooks come from now on, once the receiver has passed the handshake.
pub(crate) async fn subscribe(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "post")?;
    if json_body(&body)?.get("override_callback_uri").is_some() {
        return Err(GraphError::parameter("The sandbox knows one callback, that of the app."));
    }
    if let Some(url) = &sandbox.app.webhook_url {
        handshake(&sandbox, url).await?;
    }
    change(&sandbox, &caller, |account| account.subscribed = true).await
}

/// Asks the receiver whether it is ours: it must echo the challenge.
async fn handshake(sandbox: &Sandbox, url: &str) -> Result<(), GraphError> {
    let challenge = digest::number(&["challenge", &sandbox.nonce]).to_string();
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", sandbox.app.verify_token.as_str()),
    ];
    let refused = |why: String| {
        let error = GraphError::of(422, 100).saying("Webhook callback URL is not reachable or invalid");
        error.method().details(why)
    };
    let answer = sandbox.client.get(url).query(&query).send().await;
    let answer = answer.map_err(|error| refused(format!("The receiver did not answer: {error}")))?;
    let status = answer.status().as_u16();
    let body = answer.text().await.map_err(|error| refused(format!("The answer broke off: {error}")))?;
    if status == 200 && body.trim() == challenge {
        return Ok(());
    }
    Err(refused(format!("The receiver answered {status} and did not echo the challenge")))
}

/// `DELETE /{waba}/subscribed_apps`: no webhooks from now on.
pub(crate) async fn unsubscribe(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "delete")?;
    change(&sandbox, &caller, |account| account.subscribed = false).await
}

/// `GET /{waba}/subscribed_apps`: the app, when it is subscribed.
pub(crate) async fn subscribed(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "get")?;
    let app = &sandbox.app.id;
    let link = format!("https://www.facebook.com/games/?app_id={app}");
    let entry = json!({ "whatsapp_business_api_data": { "id": app, "name": "Sandbox", "link": link } });
    let data = if caller.account.subscribed { vec![entry] } else { Vec::new() };
    Ok(Json(json!({ "data": data })))
}

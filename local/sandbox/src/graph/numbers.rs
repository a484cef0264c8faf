//! The account's one number: its list, its registration, its codes, and what Graph shows of it.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Map, Value, json};

use super::oauth::{check_product, json_body};
use super::paging::{self, Element};
use super::{Business, GraphError, fields};
use crate::account::{Account, AccountState, NumberStatus, Quality, Scope};
use crate::clock;
use crate::json::text;
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;

/// Version and object id of a path.
pub(crate) type Ids = Path<(String, String)>;

/// Where data of a number may be kept (Meta: local storage).
const REGIONS: [&str; 14] =
    ["AU", "ID", "IN", "JP", "SG", "KR", "DE", "CH", "GB", "BR", "BH", "ZA", "AE", "CA"];
/// The only code that the sandbox finds right; a person would read it in a text message.
const VERIFICATION_CODE: &str = "123456";

/// `GET /{waba}/phone_numbers`: the one number of the account, in a page like any list.
pub(crate) async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    caller.waba(&id, "get")?;
    let asked = caller.query.get("fields").map(String::as_str);
    let shown = show(&sandbox.app.id, &caller.account, asked);
    Ok(Json(paging::page(&sandbox.app.base_url, &uri, &caller.query, vec![Element { serial: 0, shown }])?))
}

/// The number as Graph shows it; some members come only when they are asked for.
pub(crate) fn show(app_id: &str, account: &Account, asked: Option<&str>) -> Value {
    let state = &account.number_state;
    let mut members = Map::new();
    members.insert("id".into(), json!(account.phone_number_id));
    members.insert("display_phone_number".into(), json!(account.display_number()));
    members.insert("verified_name".into(), json!(account.verified_name()));
    members.insert("quality_rating".into(), json!(state.quality));
    members.insert("code_verification_status".into(), json!("VERIFIED"));
    members.insert("status".into(), json!(account.number_status()));
    let platform = if account.registered { "CLOUD_API" } else { "NOT_APPLICABLE" };
    members.insert("platform_type".into(), json!(platform));
    members.insert("throughput".into(), json!({ "level": state.throughput }));
    if asked.is_some() {
        members.insert("name_status".into(), json!("APPROVED"));
        let new_name = state.new_name.as_ref();
        let new_state = new_name.map_or_else(|| json!("NONE"), |(_name, state)| json!(state));
        members.insert("new_name_status".into(), new_state);
        if let Some((name, _state)) = new_name {
            members.insert("new_display_name".into(), json!(name));
        }
        members.insert("whatsapp_business_manager_messaging_limit".into(), json!(state.messaging_limit));
        members.insert("messaging_limit_tier".into(), json!(state.messaging_limit));
        members.insert("account_mode".into(), json!("LIVE"));
        members.insert("host_platform".into(), json!(platform));
        members.insert("is_on_biz_app".into(), json!(state.on_business_app));
        members.insert("is_pin_enabled".into(), json!(state.pin.is_some()));
        members.insert("country_dial_code".into(), json!("1"));
        members.insert("webhook_configuration".into(), json!({}));
        members.insert("health_status".into(), health(app_id, account));
    }
    fields::narrow(Value::Object(members), asked)
}

/// `health_status`: what stands in the way of sending, from the number up to the app.
pub(crate) fn health(app_id: &str, account: &Account) -> Value {
    let number = number_health(account);
    let waba = waba_health(account);
    let entity = |kind: &str, id: &str, (word, error): (&str, Option<Value>)| {
        let mut members = Map::new();
        members.insert("entity_type".into(), json!(kind));
        members.insert("id".into(), json!(id));
        members.insert("can_send_message".into(), json!(word));
        if let Some(error) = error {
            members.insert("errors".into(), json!([error]));
        }
        Value::Object(members)
    };
    let words = [number.0, waba.0];
    let overall = ["BLOCKED", "LIMITED"].into_iter().find(|word| words.contains(word));
    json!({
        "can_send_message": overall.unwrap_or("AVAILABLE"),
        "entities": [
            entity("PHONE_NUMBER", &account.phone_number_id, number),
            entity("WABA", &account.waba_id, waba),
            entity("BUSINESS", &account.business_id, ("AVAILABLE", None)),
            entity("APP", app_id, ("AVAILABLE", None)),
        ],
    })
}

fn health_error(code: i64, description: &str, solution: &str) -> Value {
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
            let error = health_error(141_000, "The phone number cannot send.", "Register the phone number.");
            ("BLOCKED", Some(error))
        }
    }
}

fn waba_health(account: &Account) -> (&'static str, Option<Value>) {
    match account.state {
        AccountState::Active => ("AVAILABLE", None),
        AccountState::MarketingDisabled => ("LIMITED", None),
        AccountState::Unpaid => {
            let error = health_error(141_006, "There is no valid payment method.", "Add a payment method.");
            ("BLOCKED", Some(error))
        }
        AccountState::Locked | AccountState::Restricted | AccountState::Maintenance => {
            let error = health_error(141_001, "The account is restricted.", "Ask for a review.");
            ("BLOCKED", Some(error))
        }
    }
}

fn check_pin(body: &Value) -> Result<&str, GraphError> {
    let pin = text(body, "pin");
    if pin.len() == 6 && pin.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(pin);
    }
    Err(GraphError::of(400, 100).saying("Invalid PIN format. PIN must be exactly 6 digits"))
}

/// `POST /{phone}/register`: the number may send from now on. The first PIN becomes the number's own.
pub(crate) async fn register(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.phone(&id, Scope::Management)?;
    let body = json_body(&body)?;
    check_product(&body)?;
    let pin = check_pin(&body)?;
    let region = text(&body, "data_localization_region");
    if !(region.is_empty() || REGIONS.contains(&region)) {
        return Err(GraphError::parameter("Param data_localization_region is not a supported region."));
    }
    check_attempts(&sandbox, &id)?;
    if caller.account.number_state.pin.as_deref().is_some_and(|known| known != pin) {
        return Err(GraphError::of(400, 133_005));
    }
    change(&sandbox, &caller, |account| {
        account.registered = true;
        account.number_state.pin.get_or_insert_with(|| pin.to_owned());
    })
    .await
}

/// `POST /{phone}/deregister`: the number sends no more.
pub(crate) async fn deregister(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    caller.phone(&id, Scope::Management)?;
    if caller.account.number_state.on_business_app {
        let words = "Deregister endpoint is not available for API solution for SMB businesses.";
        return Err(GraphError::of(400, 100).saying(words));
    }
    if !caller.account.registered {
        let words = "Phone number not registered on the WhatsApp Business Platform.";
        return Err(GraphError::of(400, 100).saying(words).subcode(2_207_051));
    }
    check_attempts(&sandbox, &id)?;
    change(&sandbox, &caller, |account| account.registered = false).await
}

fn check_attempts(sandbox: &Sandbox, id: &str) -> Result<(), GraphError> {
    let admitted = sandbox.world().limits.admit_registration(id, clock::now_ms());
    if admitted { Ok(()) } else { Err(GraphError::of(400, 133_016)) }
}

/// `POST /{phone}/request_code`: nothing is sent to anybody; the code is always the same.
pub(crate) async fn request_code(
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.phone(&id, Scope::Management)?;
    let body = json_body(&body)?;
    if !matches!(text(&body, "code_method"), "SMS" | "VOICE") {
        return Err(GraphError::parameter("Param code_method must be one of {SMS, VOICE}."));
    }
    if text(&body, "language").is_empty() {
        return Err(GraphError::parameter("The parameter language is required."));
    }
    Ok(Json(json!({ "success": true })))
}

/// `POST /{phone}/verify_code`: right is `123456`.
pub(crate) async fn verify_code(
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.phone(&id, Scope::Management)?;
    if text(&json_body(&body)?, "code") == VERIFICATION_CODE {
        return Ok(Json(json!({ "success": true, "id": id })));
    }
    let words = "The verification code is invalid or has expired";
    Err(GraphError::of(422, 100).saying(words).method().told("Verification Failed", words))
}

/// `POST /{phone}`: the two-step PIN.
pub(crate) async fn set(
    sandbox: &Sandbox,
    caller: &Business,
    body: &Value,
) -> Result<Json<Value>, GraphError> {
    caller.may(Scope::Management)?;
    if body.get("webhook_configuration").is_some() {
        return Err(GraphError::parameter("The sandbox knows one callback, that of the app."));
    }
    let pin = check_pin(body)?;
    let value = json!({ "display_phone_number": caller.account.digits(), "event": "PIN_CHANGED" });
    let change = |account: &mut Account| account.number_state.pin = Some(pin.to_owned());
    change_and_tell(sandbox, caller, change, Some(("security", value))).await
}

/// Changes the caller's account and journals it, unless nothing changes.
pub(crate) async fn change(
    sandbox: &Sandbox,
    caller: &Business,
    how: impl FnOnce(&mut Account),
) -> Result<Json<Value>, GraphError> {
    change_and_tell(sandbox, caller, how, None).await
}

/// The same, and the receiver hears of it.
async fn change_and_tell(
    sandbox: &Sandbox,
    caller: &Business,
    how: impl FnOnce(&mut Account),
    told: Option<(&str, Value)>,
) -> Result<Json<Value>, GraphError> {
    let waba_id = &caller.account.waba_id;
    sandbox
        .commit(|world| {
            let before = world.account(waba_id).ok_or_else(|| GraphError::not_found(waba_id, "post"))?;
            let mut account = Account::clone(&before);
            how(&mut account);
            let now = clock::now_ms();
            let heard = world.auto.on && sandbox.is_heard(&account);
            let news = told.filter(|_told| heard).map(|(field, value)| {
                News::Field(FieldNews { waba_id: waba_id.clone(), field: field.to_owned(), value })
            });
            let updates: Vec<_> =
                news.into_iter().map(|news| world.update(0, now + world.auto.delay_ms, news)).collect();
            let changed = *before != account || !updates.is_empty();
            Ok::<_, GraphError>((changed.then_some(Record::Account { account, updates }), ()))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(json!({ "success": true })))
}

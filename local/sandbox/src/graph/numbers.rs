//! The account's phone number: how Graph shows it, its registration, its PIN and its verification.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Map, Value, json};

use super::account_change::{change, change_and_notify};
use super::body::{check_product, json_body};
use super::caller::{Business, ObjectPath};
use super::fields;
use super::health::health;
use super::paging::{self, Element};
use crate::account::{Account, Scope};
use crate::graph_error::GraphError;
use crate::json::text;
use crate::sandbox::Sandbox;

/// Regions for the data of a number (Meta: local storage).
const REGIONS: [&str; 14] =
    ["AU", "ID", "IN", "JP", "SG", "KR", "DE", "CH", "GB", "BR", "BH", "ZA", "AE", "CA"];
/// The only correct code; Meta sends a new one by text message or call.
const VERIFICATION_CODE: &str = "123456";

/// `GET /{waba}/phone_numbers`: a list of the account's one number.
pub(super) async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "get")?;
    let shown = show(&sandbox.app.id, &caller.account, caller.fields());
    Ok(Json(paging::page(&sandbox.app.base_url, &uri, &caller.query, vec![Element { serial: 0, shown }])?))
}

/// The requested fields, or all usual fields when none are requested.
pub(super) fn show(app_id: &str, account: &Account, fields: Option<&str>) -> Value {
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
    if fields.is_some() {
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
    fields::select(Value::Object(members), fields)
}

fn check_pin(body: &Value) -> Result<&str, GraphError> {
    let pin = text(body, "pin");
    if pin.len() == 6 && pin.bytes().all(|digit| digit.is_ascii_digit()) {
        return Ok(pin);
    }
    Err(GraphError::new(400, 100).with_message("Invalid PIN format. PIN must be exactly 6 digits"))
}

/// `POST /{phone}/register`: the number can send from now on. The first PIN becomes the number's PIN.
pub(super) async fn register(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.check_phone(&id, Scope::Management)?;
    let body = json_body(&body)?;
    check_product(&body)?;
    let pin = check_pin(&body)?;
    let region = text(&body, "data_localization_region");
    if !(region.is_empty() || REGIONS.contains(&region)) {
        return Err(GraphError::parameter("Param data_localization_region is not a supported region."));
    }
    check_attempts(&sandbox, &id)?;
    if caller.account.number_state.pin.as_deref().is_some_and(|known| known != pin) {
        return Err(GraphError::new(400, 133_005));
    }
    change(&sandbox, &caller, |account| {
        account.registered = true;
        account.number_state.pin.get_or_insert_with(|| pin.to_owned());
    })
    .await
}

/// `POST /{phone}/deregister`: the number can no longer send.
pub(super) async fn deregister(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
) -> Result<Json<Value>, GraphError> {
    caller.check_phone(&id, Scope::Management)?;
    if caller.account.number_state.on_business_app {
        let message = "Deregister endpoint is not available for API solution for SMB businesses.";
        return Err(GraphError::new(400, 100).with_message(message));
    }
    if !caller.account.registered {
        let message = "Phone number not registered on the WhatsApp Business Platform.";
        return Err(GraphError::new(400, 100).with_message(message).with_subcode(2_207_051));
    }
    check_attempts(&sandbox, &id)?;
    change(&sandbox, &caller, |account| account.registered = false).await
}

fn check_attempts(sandbox: &Sandbox, id: &str) -> Result<(), GraphError> {
    let now_ms = sandbox.now_ms();
    let admitted = sandbox.state().settings.limits.admit_registration(id, now_ms);
    if admitted { Ok(()) } else { Err(GraphError::new(400, 133_016)) }
}

/// `POST /{phone}/request_code`: sends nothing; the code is always `123456`.
pub(super) async fn request_code(
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.check_phone(&id, Scope::Management)?;
    let body = json_body(&body)?;
    if !matches!(text(&body, "code_method"), "SMS" | "VOICE") {
        return Err(GraphError::parameter("Param code_method must be one of {SMS, VOICE}."));
    }
    if text(&body, "language").is_empty() {
        return Err(GraphError::parameter("The parameter language is required."));
    }
    Ok(Json(json!({ "success": true })))
}

/// `POST /{phone}/verify_code`.
pub(super) async fn verify_code(
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.check_phone(&id, Scope::Management)?;
    if text(&json_body(&body)?, "code") == VERIFICATION_CODE {
        return Ok(Json(json!({ "success": true, "id": id })));
    }
    let message = "The verification code is invalid or has expired";
    let error = GraphError::new(422, 100).with_message(message).for_object();
    Err(error.with_user_message("Verification Failed", message))
}

/// `POST /{phone}`: sets the two-step verification PIN.
pub(super) async fn set_pin(
    sandbox: &Sandbox,
    caller: &Business,
    body: &Value,
) -> Result<Json<Value>, GraphError> {
    caller.check_scope(Scope::Management)?;
    if body.get("webhook_configuration").is_some() {
        return Err(GraphError::parameter("The sandbox supports the callback of the app only."));
    }
    let pin = check_pin(body)?;
    let value = json!({ "display_phone_number": caller.account.digits(), "event": "PIN_CHANGED" });
    let edit = |account: &mut Account| account.number_state.pin = Some(pin.to_owned());
    change_and_notify(sandbox, caller, edit, Some(("security", value))).await
}

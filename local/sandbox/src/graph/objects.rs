//! `/{id}`: a phone number, a WABA, a template or media; and the WABAs of a business.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Map, Value, json};

use super::body::json_body;
use super::caller::{Business, ObjectPath};
use super::health::health;
use super::paging::{self, Element};
use super::{analytics, fields, media, numbers, templates};
use crate::account::{Account, Scope};
use crate::digest;
use crate::graph_error::GraphError;
use crate::sandbox::Sandbox;

/// `GET /{id}`.
pub(super) async fn read(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
) -> Result<Json<Value>, GraphError> {
    let fields = caller.fields();
    let account = &caller.account;
    if let Some(media) = media::show(&sandbox, &caller, &id)? {
        return Ok(Json(media));
    }
    caller.check_scope(Scope::Management)?;
    if id == account.phone_number_id {
        return Ok(Json(numbers::show(&sandbox.app.id, account, fields)));
    }
    if id == account.waba_id {
        return Ok(Json(waba(&sandbox, account, fields)?));
    }
    let stored = sandbox.state().templates.get(&id);
    let own = stored.filter(|stored| stored.template.waba_id == account.waba_id);
    let own = own.ok_or_else(|| GraphError::not_found(&id, "get"))?;
    Ok(Json(templates::show(&own.template, fields)))
}

/// `POST /{id}`: sets the PIN of the number or edits a template.
pub(super) async fn change(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    let body = json_body(&body)?;
    if id == caller.account.phone_number_id {
        return numbers::set_pin(&sandbox, &caller, &body).await;
    }
    caller.check_scope(Scope::Management)?;
    templates::edit(&sandbox, &caller, &id, &body).await
}

/// `DELETE /{id}`: deletes media.
pub(super) async fn remove(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
) -> Result<Json<Value>, GraphError> {
    media::remove(&sandbox, &caller, &id)
}

fn waba(sandbox: &Sandbox, account: &Account, fields: Option<&str>) -> Result<Value, GraphError> {
    let mut members = Map::new();
    members.insert("id".into(), json!(account.waba_id));
    members.insert("name".into(), json!(account.name));
    members.insert("currency".into(), json!("USD"));
    members.insert("timezone_id".into(), json!("1"));
    members.insert("message_template_namespace".into(), json!(namespace(account)));
    members.insert("account_review_status".into(), json!("APPROVED"));
    members.insert("business_verification_status".into(), json!("VERIFIED"));
    members.insert("country".into(), json!("US"));
    members.insert("ownership_type".into(), json!("CLIENT_OWNED"));
    members.insert("primary_business_location".into(), json!("US"));
    let owner = json!({ "id": account.business_id, "name": account.name });
    members.insert("owner_business_info".into(), owner);
    if let Some(requested) = fields {
        members.insert("health_status".into(), health(&sandbox.app.id, account));
        if fields::contains(fields, "pricing_analytics") {
            members.insert("pricing_analytics".into(), analytics::pricing(sandbox, account, requested)?);
        }
    }
    Ok(fields::select(Value::Object(members), fields))
}

/// `message_template_namespace`, formatted like Meta's.
fn namespace(account: &Account) -> String {
    let hash = hex::encode(digest::sha256(&["namespace", &account.waba_id]));
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("{}_{}_{}_{}_{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// `GET /{business}/owned_whatsapp_business_accounts` and `…/client_whatsapp_business_accounts`.
pub(super) async fn list_accounts(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    caller.check_scope(Scope::Management)?;
    let account = &caller.account;
    if id != account.business_id {
        return Err(GraphError::not_found(&id, "get"));
    }
    let default = "id,name,currency,timezone_id,message_template_namespace";
    let fields = caller.fields().unwrap_or(default);
    let shown = waba(&sandbox, account, Some(fields))?;
    Ok(Json(paging::page(&sandbox.app.base_url, &uri, &caller.query, vec![Element { serial: 0, shown }])?))
}

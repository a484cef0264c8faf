//! `/{id}`: whatever carries an id. The number, the WABA, a template, a medium; and a business' WABAs.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde_json::{Map, Value, json};

use super::numbers::Ids;
use super::oauth::json_body;
use super::paging::{self, Element};
use super::{Business, GraphError, analytics, fields, media, numbers, templates};
use crate::account::{Account, Scope};
use crate::digest;
use crate::sandbox::Sandbox;

/// `GET /{id}`; `fields` narrows the answer.
pub(crate) async fn read(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    let asked = caller.query.get("fields").map(String::as_str);
    let account = &caller.account;
    if let Some(medium) = media::show(&sandbox, &caller, &id)? {
        return Ok(Json(medium));
    }
    caller.may(Scope::Management)?;
    if id == account.phone_number_id {
        return Ok(Json(numbers::show(&sandbox.app.id, account, asked)));
    }
    if id == account.waba_id {
        return Ok(Json(waba(&sandbox, account, asked)?));
    }
    let template = sandbox.world().template(&id).filter(|entry| entry.0.waba_id == account.waba_id);
    let template = template.ok_or_else(|| GraphError::not_found(&id, "get"))?;
    Ok(Json(template.0.view(asked)))
}

/// `POST /{id}`: a new PIN of the number, or an edit of a template.
pub(crate) async fn change(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    let body = json_body(&body)?;
    if id == caller.account.phone_number_id {
        return numbers::set(&sandbox, &caller, &body).await;
    }
    caller.may(Scope::Management)?;
    templates::edit(&sandbox, &caller, &id, &body).await
}

/// `DELETE /{id}`: a medium.
pub(crate) async fn remove(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
) -> Result<Json<Value>, GraphError> {
    media::remove(&sandbox, &caller, &id)
}

fn waba(sandbox: &Sandbox, account: &Account, asked: Option<&str>) -> Result<Value, GraphError> {
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
    if let Some(fields) = asked {
        members.insert("health_status".into(), numbers::health(&sandbox.app.id, account));
        if fields::asked(asked, "pricing_analytics") {
            members.insert("pricing_analytics".into(), analytics::pricing(sandbox, account, fields)?);
        }
    }
    Ok(fields::narrow(Value::Object(members), asked))
}

/// `message_template_namespace`, in the look of Meta's.
fn namespace(account: &Account) -> String {
    let hash = hex::encode(digest::sha256(&["namespace", &account.waba_id]));
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default();
    format!("{}_{}_{}_{}_{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// `GET /{business}/owned_whatsapp_business_accounts` and its sister for clients.
pub(crate) async fn owned(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): Ids,
    uri: Uri,
) -> Result<Json<Value>, GraphError> {
    caller.may(Scope::Management)?;
    let account = &caller.account;
    if id != account.business_id {
        return Err(GraphError::not_found(&id, "get"));
    }
    let default = "id,name,currency,timezone_id,message_template_namespace";
    let asked = caller.query.get("fields").map_or(default, String::as_str);
    let shown = waba(&sandbox, account, Some(asked))?;
    Ok(Json(paging::page(&sandbox.app.base_url, &uri, &caller.query, vec![Element { serial: 0, shown }])?))
}

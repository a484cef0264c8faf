//! Tokens: a code of Embedded Signup becomes a business token, and a token tells what it may do.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use serde_json::{Value, json};

use super::{AppCaller, GraphError};
use crate::account::{Account, Scope, TokenState, code_hash};
use crate::clock;
use crate::digest;
use crate::json::text;
use crate::query::query;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::world::Handle;

/// Codes that begin so are refused.
const REFUSED_PREFIX: &str = "bad";

/// `GET|POST /oauth/access_token`: every code is good for one account, the same each time.
pub(crate) async fn exchange(
    State(sandbox): State<Arc<Sandbox>>,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    let mut given = query(&uri);
    given.extend(form(&body));
    let of = |name: &str| given.get(name).map_or("", String::as_str);
    if of("client_id").is_empty() {
        return Err(GraphError::of(400, 101).saying("Missing client_id parameter."));
    }
    if of("client_id") != sandbox.app.id {
        let words = "Error validating application. Cannot get application info due to a system error.";
        return Err(GraphError::of(400, 101).saying(words));
    }
    if !digest::same(of("client_secret"), &sandbox.app.secret) {
        return Err(GraphError::of(400, 1).saying("Error validating client secret."));
    }
    let code = of("code");
    if code.is_empty() {
        return Err(GraphError::of(400, 100).saying("Missing authorization code"));
    }
    if code.starts_with(REFUSED_PREFIX) {
        let used = GraphError::of(400, 100).saying("This authorization code has been used.");
        return Err(used.subcode(36_009));
    }
    let account = connect(&sandbox, code).await?;
    Ok(Json(json!({ "access_token": account.access_token, "token_type": "bearer" })))
}

/// The account of a code, made now if the code is new.
async fn connect(sandbox: &Sandbox, code: &str) -> Result<Arc<Account>, GraphError> {
    let secret = &sandbox.app.secret;
    sandbox
        .commit(|world| {
            if let Some(known) = world.account_by(&Handle::Code(code_hash(code))) {
                // Whoever signs up again has a token that lives and may do everything.
                let fresh =
                    Account { token_state: TokenState::Live, scopes: Scope::all(), ..Account::clone(&known) };
                let record = (*known != fresh)
                    .then(|| Record::Account { account: fresh.clone(), updates: Vec::new() });
                return Ok((record, Arc::new(fresh)));
            }
            let account = Account::derive(code, secret, clock::now_ms(), |number| world.has_number(number));
            Ok((Some(Record::Account { account: account.clone(), updates: Vec::new() }), Arc::new(account)))
        })
        .await
}

/// A body in JSON or as a form; what cannot be read brings no parameters.
fn form(body: &Bytes) -> HashMap<String, String> {
    if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
        let strings = members.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())));
        return strings.collect();
    }
    let uri = std::str::from_utf8(body).ok().and_then(|line| format!("/?{line}").parse::<Uri>().ok());
    uri.map_or_else(HashMap::new, |uri| query(&uri))
}

/// `GET /debug_token`: what a business token may do and for which WABA.
pub(crate) async fn debug_token(
    State(sandbox): State<Arc<Sandbox>>,
    caller: AppCaller,
) -> Result<Json<Value>, GraphError> {
    let input = caller.query.get("input_token").filter(|token| !token.is_empty());
    let input = input.ok_or_else(|| GraphError::parameter("The parameter input_token is required"))?;
    let Some(account) = sandbox.world().account_by(&Handle::Token(input.clone())) else {
        let error =
            json!({ "code": 190, "message": "Invalid OAuth access token - Cannot parse access token" });
        return Ok(Json(json!({ "data": { "is_valid": false, "scopes": [], "error": error } })));
    };
    let mut scopes: Vec<&str> = account.scopes.iter().map(|scope| scope.as_str()).collect();
    let granular: Vec<Value> =
        scopes.iter().map(|scope| json!({ "scope": scope, "target_ids": [account.waba_id] })).collect();
    scopes.push("public_profile");
    let mut data = json!({
        "app_id": sandbox.app.id,
        "type": "SYSTEM_USER",
        "application": "Sandbox",
        "data_access_expires_at": 0,
        "expires_at": 0,
        "is_valid": true,
        "issued_at": account.created_ms / 1_000,
        "scopes": scopes,
        "granular_scopes": granular,
        "user_id": account.user_id,
    });
    if let (Some((subcode, why)), Some(members)) = (account.token_state.refusal(), data.as_object_mut()) {
        let message = format!("Error validating access token: {why}");
        members.insert("is_valid".into(), json!(false));
        members.insert("error".into(), json!({ "code": 190, "message": message, "subcode": subcode }));
    }
    Ok(Json(json!({ "data": data })))
}

/// A JSON body as Graph reads it: an empty one has no members.
pub(crate) fn json_body(body: &Bytes) -> Result<Value, GraphError> {
    if body.is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(value) if value.is_object() => Ok(value),
        _ => Err(GraphError::parameter("The body is not a JSON object.")),
    }
}

/// Refuses a body whose `messaging_product` is not WhatsApp.
pub(crate) fn check_product(body: &Value) -> Result<(), GraphError> {
    match text(body, "messaging_product") {
        "whatsapp" => Ok(()),
        _ => Err(GraphError::parameter("The parameter messaging_product is required.")),
    }
}

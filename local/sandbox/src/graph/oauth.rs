//! Tokens: the exchange of an Embedded Signup code for a business token, and what a token permits.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Uri;
use serde_json::{Value, json};

use super::caller::AppCaller;
use crate::account::{Account, Scope, TokenState, code_hash};
use crate::digest;
use crate::graph_error::GraphError;
use crate::query::query;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::state::AccountKey;

/// Codes with this prefix are refused.
const REFUSED_PREFIX: &str = "bad";

/// `GET|POST /oauth/access_token`: every code stands for one account, the same one each time.
pub(super) async fn exchange(
    State(sandbox): State<Arc<Sandbox>>,
    uri: Uri,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    let mut given = query(&uri);
    given.extend(form(&body));
    let parameter = |name: &str| given.get(name).map_or("", String::as_str);
    if parameter("client_id").is_empty() {
        return Err(GraphError::new(400, 101).with_message("Missing client_id parameter."));
    }
    if parameter("client_id") != sandbox.app.id {
        let message = "Error validating application. Cannot get application info due to a system error.";
        return Err(GraphError::new(400, 101).with_message(message));
    }
    if !digest::same(parameter("client_secret"), &sandbox.app.secret) {
        return Err(GraphError::new(400, 1).with_message("Error validating client secret."));
    }
    let code = parameter("code");
    if code.is_empty() {
        return Err(GraphError::new(400, 100).with_message("Missing authorization code"));
    }
    if code.starts_with(REFUSED_PREFIX) {
        let used = GraphError::new(400, 100).with_message("This authorization code has been used.");
        return Err(used.with_subcode(36_009));
    }
    let account = connect(&sandbox, code).await?;
    Ok(Json(json!({ "access_token": account.access_token, "token_type": "bearer" })))
}

/// The account of a code, created if the code is new.
async fn connect(sandbox: &Sandbox, code: &str) -> Result<Arc<Account>, GraphError> {
    let (secret, now_ms) = (&sandbox.app.secret, sandbox.now_ms());
    sandbox
        .commit(|state| {
            if let Some(existing) = state.accounts.find(&AccountKey::CodeHash(code_hash(code))) {
                // Another signup renews the token and its scopes.
                let account = Account {
                    token_state: TokenState::Live,
                    scopes: Scope::all(),
                    ..Account::clone(&existing)
                };
                let record = (*existing != account)
                    .then(|| Record::Account { account: account.clone(), updates: Vec::new() });
                return Ok((record, Arc::new(account)));
            }
            let is_taken = |number: &str| state.accounts.has_number(number);
            let account = Account::derive(code, secret, now_ms, is_taken);
            Ok((Some(Record::Account { account: account.clone(), updates: Vec::new() }), Arc::new(account)))
        })
        .await
}

/// Parameters of a JSON or form body; a malformed body has none.
fn form(body: &Bytes) -> HashMap<String, String> {
    if let Ok(Value::Object(members)) = serde_json::from_slice(body) {
        let strings = members.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())));
        return strings.collect();
    }
    let uri = std::str::from_utf8(body).ok().and_then(|line| format!("/?{line}").parse::<Uri>().ok());
    uri.map_or_else(HashMap::new, |uri| query(&uri))
}

/// `GET /debug_token`.
pub(super) async fn debug_token(
    State(sandbox): State<Arc<Sandbox>>,
    caller: AppCaller,
) -> Result<Json<Value>, GraphError> {
    let input = caller.query.get("input_token").filter(|token| !token.is_empty());
    let input = input.ok_or_else(|| GraphError::parameter("The parameter input_token is required"))?;
    let Some(account) = sandbox.account_of_token(input) else {
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
    if let (Some((subcode, reason)), Some(members)) = (account.token_state.refusal(), data.as_object_mut()) {
        let message = format!("Error validating access token: {reason}");
        members.insert("is_valid".into(), json!(false));
        members.insert("error".into(), json!({ "code": 190, "message": message, "subcode": subcode }));
    }
    Ok(Json(json!({ "data": data })))
}

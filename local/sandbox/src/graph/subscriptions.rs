//! The app's subscription to a WABA, without which no webhooks are sent.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::account_change::change;
use super::body::json_body;
use super::caller::{Business, ObjectPath};
use crate::digest;
use crate::graph_error::GraphError;
use crate::sandbox::Sandbox;

/// `POST /{waba}/subscribed_apps`: after a successful handshake webhooks are sent from now on.
pub(super) async fn subscribe(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
    body: Bytes,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "post")?;
    if json_body(&body)?.get("override_callback_uri").is_some() {
        return Err(GraphError::parameter("The sandbox supports the callback of the app only."));
    }
    if let Some(url) = &sandbox.app.webhook_url {
        handshake(&sandbox, url).await?;
    }
    change(&sandbox, &caller, |account| account.subscribed = true).await
}

/// The receiver must echo the challenge.
async fn handshake(sandbox: &Sandbox, url: &str) -> Result<(), GraphError> {
    let challenge = digest::number(&["challenge", sandbox.nonce()]).to_string();
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", challenge.as_str()),
        ("hub.verify_token", sandbox.app.verify_token.as_str()),
    ];
    let refused = |reason: String| {
        let error =
            GraphError::new(422, 100).with_message("Webhook callback URL is not reachable or invalid");
        error.for_object().with_details(reason)
    };
    let answer = sandbox.client.get(url).query(&query).send().await;
    let answer = answer.map_err(|error| refused(format!("The receiver did not answer: {error}")))?;
    let status = answer.status().as_u16();
    let body = answer.text().await.map_err(|error| refused(format!("The answer is incomplete: {error}")))?;
    if status == 200 && body.trim() == challenge {
        return Ok(());
    }
    Err(refused(format!("The receiver answered {status} and did not echo the challenge")))
}

/// `DELETE /{waba}/subscribed_apps`: no webhooks are sent from now on.
pub(super) async fn unsubscribe(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "delete")?;
    change(&sandbox, &caller, |account| account.subscribed = false).await
}

/// `GET /{waba}/subscribed_apps`.
pub(super) async fn list(
    State(sandbox): State<Arc<Sandbox>>,
    caller: Business,
    Path((_version, id)): ObjectPath,
) -> Result<Json<Value>, GraphError> {
    caller.check_waba(&id, "get")?;
    let app = &sandbox.app.id;
    let link = format!("https://www.facebook.com/games/?app_id={app}");
    let entry = json!({ "whatsapp_business_api_data": { "id": app, "name": "Sandbox", "link": link } });
    let data = if caller.account.subscribed { vec![entry] } else { Vec::new() };
    Ok(Json(json!({ "data": data })))
}

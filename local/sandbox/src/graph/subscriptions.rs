//! The app's subscription to a WABA, without which no webhook is sent.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::numbers::{Ids, change};
use super::oauth::json_body;
use super::{Business, GraphError};
use crate::digest;
use crate::sandbox::Sandbox;

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
pub(crate) async fn list(
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

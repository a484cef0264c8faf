//! `/sandbox/webhooks`: the progress of delivery, and webhooks with any value.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::order::{Answer, OrderError, check_copies, check_delay, choose_account, read};
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::update::Notice;

/// `GET /sandbox/webhooks`.
pub(super) async fn show(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    let updates = &sandbox.state().updates;
    Ok(Json(json!({
        "pending": updates.pending(),
        "delivered": updates.delivered,
        "lastError": updates.last_error,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WebhookOrder {
    field: String,
    value: Value,
    /// `entry.id`. Any id is allowed, because Meta also reports accounts that were just shared with the app.
    waba_id: Option<String>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/webhooks`: one value of a field.
pub(super) async fn send(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let WebhookOrder { field, value, waba_id, copies, delay_ms } = read(&body)?;
    check_delay(delay_ms)?;
    let copies = check_copies(copies)?;
    if field.is_empty() || !value.is_object() {
        return Err(OrderError::invalid("`field` must not be empty and `value` must be an object"));
    }
    if sandbox.app.webhook_url.is_none() {
        return Err(OrderError::no_receiver());
    }
    let at_ms = sandbox.now_ms() + delay_ms;
    sandbox
        .commit(|state| {
            let waba_id = match waba_id {
                Some(waba_id) => waba_id,
                None => choose_account(state, None, None)?.waba_id.clone(),
            };
            let notice = Notice::field(&waba_id, &field, value);
            let repeated = (0..copies).map(|_copy| notice.clone());
            let updates = state.updates.create(repeated, at_ms);
            Ok::<_, OrderError>((Some(Record::Ordered { updates }), ()))
        })
        .await?;
    Ok(Json(json!({ "queued": copies })))
}

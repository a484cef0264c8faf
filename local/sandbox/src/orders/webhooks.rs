//! Webhooks as they are: how many wait, and any value of any field.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, OrderError, check_copies, check_delay, choose, read};
use crate::clock;
use crate::record::{FieldNews, News, Record};
use crate::sandbox::Sandbox;

/// `GET /sandbox/webhooks`.
pub(super) async fn show(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    let world = sandbox.world();
    Ok(Json(json!({
        "pending": world.pending(),
        "delivered": world.delivered,
        "lastError": world.last_error,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WebhookOrder {
    field: String,
    value: Value,
    /// `entry.id`; it need not be an account of the sandbox, as Meta also tells of accounts that are just shared.
    waba_id: Option<String>,
    copies: Option<u64>,
    #[serde(default)]
    delay_ms: u64,
}

/// `POST /sandbox/webhooks`: one value of a field, signed and told like any other.
pub(super) async fn tell(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Answer {
    let WebhookOrder { field, value, waba_id, copies, delay_ms } = read(&body)?;
    check_delay(delay_ms)?;
    let copies = check_copies(copies)?;
    if field.is_empty() || !value.is_object() {
        return Err(OrderError::bad("`field` must be a word and `value` an object"));
    }
    if sandbox.app.webhook_url.is_none() {
        return Err(OrderError::unheard());
    }
    let told_ms = clock::now_ms() + delay_ms;
    sandbox
        .commit(|world| {
            let waba_id = match waba_id {
                Some(waba_id) => waba_id,
                None => choose(world, None, None)?.waba_id.clone(),
            };
            let news = News::Field(FieldNews { waba_id, field, value });
            let updates = (0..copies).map(|place| world.update(place, told_ms, news.clone())).collect();
            Ok::<_, OrderError>((Some(Record::Ordered { updates }), ()))
        })
        .await?;
    sandbox.queued.notify_one();
    Ok(Json(json!({ "queued": copies })))
}

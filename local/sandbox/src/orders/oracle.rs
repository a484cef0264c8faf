//! What the sandbox knows: the oracle of acceptances, and the accounts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde_json::{Value, json};

use super::{Answer, OrderError};
use crate::clock;
use crate::query::query;
use crate::record::Acceptance;
use crate::sandbox::Sandbox;

/// Acceptances of one answer.
const ACCEPTANCES_MAX: usize = 10_000;

/// `GET /sandbox/acceptances?after=N&limit=M`.
pub(super) async fn acceptances(State(sandbox): State<Arc<Sandbox>>, uri: Uri) -> Answer {
    let query = query(&uri);
    if let Some(unknown) = query.keys().find(|key| !matches!(key.as_str(), "after" | "limit")) {
        return Err(OrderError::bad(format!("unknown field `{unknown}`, expected `after` or `limit`")));
    }
    let number = |key: &str, default: u64| match query.get(key) {
        None => Ok(default),
        Some(text) => {
            text.parse::<u64>().map_err(|_word| OrderError::bad(format!("`{key}` must be a number")))
        }
    };
    let (after, limit) = (number("after", 0)?, number("limit", u64::MAX)?);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(ACCEPTANCES_MAX);
    // What the oracle tells must outlive a kill.
    sandbox.journal.barrier().written().await?;
    let world = sandbox.world();
    let page = world.acceptances_after(after, limit);
    let next = page.last().map_or(after, |last| last.index);
    let more = !page.is_empty() && next < world.last_index();
    let total = world.acceptance_count();
    drop(world);
    let shown: Vec<Value> = page.iter().map(|one| show(one)).collect();
    Ok(Json(json!({ "acceptances": shown, "next": next, "more": more, "total": total })))
}

fn show(acceptance: &Acceptance) -> Value {
    json!({
        "index": acceptance.index,
        "attemptId": acceptance.attempt_id,
        "wamid": acceptance.wamid,
        "to": acceptance.to,
        "phoneNumberId": acceptance.phone_number_id,
        "template": acceptance.template,
        "time": clock::rfc3339(acceptance.time_ms),
    })
}

/// `GET /sandbox/accounts`.
pub(super) async fn accounts(State(sandbox): State<Arc<Sandbox>>) -> Answer {
    let world = sandbox.world();
    let shown: Vec<Value> = world
        .accounts()
        .map(|account| {
            json!({
                "wabaId": account.waba_id,
                "phoneNumberId": account.phone_number_id,
                "displayPhoneNumber": account.display_number(),
                "phone": account.number,
                "businessId": account.business_id,
                "name": account.name,
                "accessToken": account.access_token,
                "registered": account.registered,
                "subscribed": account.subscribed,
            })
        })
        .collect();
    Ok(Json(json!({ "accounts": shown })))
}

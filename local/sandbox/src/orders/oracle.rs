//! Read access: the accepted messages and the accounts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde_json::{Value, json};

use super::order::{Answer, OrderError};
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
        return Err(OrderError::invalid(format!("unknown field `{unknown}`, expected `after` or `limit`")));
    }
    let number = |key: &str, default: u64| match query.get(key) {
        None => Ok(default),
        Some(text) => text
            .parse::<u64>()
            .map_err(|_not_a_number| OrderError::invalid(format!("`{key}` must be a number"))),
    };
    let (after, limit) = (number("after", 0)?, number("limit", u64::MAX)?);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(ACCEPTANCES_MAX);
    // A shown acceptance must survive a kill.
    sandbox.journal.barrier().written().await?;
    let state = sandbox.state();
    let page = state.messages.after(after, limit);
    let next = page.last().map_or(after, |last| last.index);
    let more = !page.is_empty() && next < state.messages.last_index();
    let total = state.messages.count();
    drop(state);
    let shown: Vec<Value> = page.iter().map(|acceptance| show(acceptance)).collect();
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
    let state = sandbox.state();
    let shown: Vec<Value> = state
        .accounts
        .iter()
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

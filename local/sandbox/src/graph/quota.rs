//! The quota of management calls: counted per WABA, shown in headers, refused when it is used up.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::caller::token;
use crate::graph_error::GraphError;
use crate::limits::Usage;
use crate::query::query;
use crate::sandbox::Sandbox;

/// Counts a call with a known token. A call without one is not counted; its handler refuses it.
pub(super) async fn count(State(sandbox): State<Arc<Sandbox>>, request: Request, next: Next) -> Response {
    let token = token(request.headers(), &query(request.uri()));
    let account = token.ok().and_then(|token| sandbox.account_of_token(&token));
    let Some(account) = account else { return next.run(request).await };
    let now_ms = sandbox.now_ms();
    let (usage, admitted) = sandbox.state().settings.limits.admit_call(&account.waba_id, now_ms);
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(code) => refusal(code).into_response(),
    };
    let headers = response.headers_mut();
    let business = json!({ account.waba_id.clone(): [{
        "type": "whatsapp",
        "call_count": usage.percent,
        "total_cputime": 0,
        "total_time": 0,
        "estimated_time_to_regain_access": usage.regain_minutes,
    }] });
    for (name, value) in [("x-business-use-case-usage", business), ("x-app-usage", app_usage(usage))] {
        if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
            headers.insert(name, value);
        }
    }
    response
}

/// The usage of the app, as if this WABA were its only one.
fn app_usage(usage: Usage) -> serde_json::Value {
    json!({ "call_count": usage.percent, "total_cputime": 0, "total_time": 0 })
}

fn refusal(code: i64) -> GraphError {
    let refused = GraphError::new(429, code);
    match code {
        4 => refused.with_message("Application request limit reached").with_subcode(2_446_079),
        17 => refused.with_message("User request limit reached").with_subcode(2_446_079),
        _ => refused,
    }
}

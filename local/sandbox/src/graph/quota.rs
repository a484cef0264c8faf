//! The quota of management calls: counted for each WABA, shown in headers, refused when it is used up.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::{GraphError, token};
use crate::clock;
use crate::limits::Usage;
use crate::query::query;
use crate::sandbox::Sandbox;
use crate::world::Handle;

/// Counts a call of a known token; a call of nobody's goes on to be refused for that.
pub(crate) async fn count(State(sandbox): State<Arc<Sandbox>>, request: Request, next: Next) -> Response {
    let token = token(request.headers(), &query(request.uri()));
    let account = token.ok().and_then(|token| sandbox.world().account_by(&Handle::Token(token)));
    let Some(account) = account else { return next.run(request).await };
    let (usage, admitted) = sandbox.world().limits.admit_call(&account.waba_id, clock::now_ms());
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

/// The app's own share, as if this WABA were its only one.
fn app_usage(usage: Usage) -> serde_json::Value {
    json!({ "call_count": usage.percent, "total_cputime": 0, "total_time": 0 })
}

fn refusal(code: i64) -> GraphError {
    let refused = GraphError::of(429, code);
    match code {
        4 => refused.saying("Application request limit reached").subcode(2_446_079),
        17 => refused.saying("User request limit reached").subcode(2_446_079),
        _ => refused,
    }
}

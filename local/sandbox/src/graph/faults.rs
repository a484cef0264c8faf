//! What ordered faults do to calls.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use serde_json::json;

use super::caller::token;
use crate::faults::{Fault, FaultKind, FaultTarget};
use crate::graph_error::GraphError;
use crate::query::query;
use crate::sandbox::Sandbox;
use crate::server::abort;

/// After this time a hanging connection is reset.
const HANG: Duration = Duration::from_mins(1);

/// The answer of a fault that replaces the call.
pub(super) fn refusal(sandbox: &Sandbox, fault: &Fault, path: &str) -> Response {
    let status = fault.http_status.and_then(|status| StatusCode::from_u16(status).ok());
    match fault.kind {
        FaultKind::Refuse => {
            let error = GraphError::new(fault.http_status.unwrap_or(400), fault.code.unwrap_or(131_000));
            match fault.subcode {
                Some(subcode) => error.with_subcode(subcode).into_response(),
                None => error.into_response(),
            }
        }
        FaultKind::Redirect => {
            let elsewhere = format!("{}{path}_elsewhere", sandbox.app.base_url);
            (StatusCode::FOUND, [(header::LOCATION, elsewhere)]).into_response()
        }
        FaultKind::Status
        | FaultKind::Accept
        | FaultKind::Hang
        | FaultKind::Reset
        | FaultKind::NoId
        | FaultKind::Garbage
        | FaultKind::DuplicateWamid => status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response(),
    }
}

pub(super) async fn hang() -> Response {
    tokio::time::sleep(HANG).await;
    abort()
}

/// HTML in place of JSON.
pub(super) fn garbage() -> Response {
    Html("<!DOCTYPE html><html><body>Sorry, something went wrong.</body></html>").into_response()
}

/// Applies faults to all calls but sends, whose faults also depend on the body.
pub(super) async fn apply(State(sandbox): State<Arc<Sandbox>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    let call = match parts.as_slice() {
        [id] if id.bytes().all(|byte| byte.is_ascii_digit()) => "object",
        [.., last] => last,
        [] => return next.run(request).await,
    };
    let token = token(request.headers(), &query(request.uri()));
    let account = token.ok().and_then(|token| sandbox.account_of_token(&token));
    let phone_number_id = account.as_ref().map_or("", |account| account.phone_number_id.as_str());
    let target = FaultTarget { call, to: "", phone_number_id, template: "" };
    let fault = sandbox.state().settings.faults.take(target);
    let Some(fault) = fault else { return next.run(request).await };
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    match fault.kind {
        FaultKind::Refuse | FaultKind::Status | FaultKind::Redirect => refusal(&sandbox, &fault, &path),
        FaultKind::Accept | FaultKind::DuplicateWamid => next.run(request).await,
        // The call is done in these cases, and its answer is lost.
        FaultKind::Hang => {
            next.run(request).await;
            hang().await
        }
        FaultKind::Reset => {
            next.run(request).await;
            abort()
        }
        FaultKind::NoId => {
            next.run(request).await;
            Json(json!({})).into_response()
        }
        FaultKind::Garbage => {
            next.run(request).await;
            garbage()
        }
    }
}

//! The Graph API: paths under `/vNN.0/`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, Request};
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::graph_error::GraphError;
use crate::sandbox::Sandbox;

mod account_change;
mod analytics;
mod body;
mod caller;
mod faults;
mod fields;
mod health;
mod media;
mod messages;
mod numbers;
mod oauth;
mod objects;
mod paging;
mod quota;
mod subscriptions;
mod templates;

/// The oldest and the newest version that Meta serves (Graph API changelog, autumn 2026).
const OLDEST_VERSION: u32 = 21;
const NEWEST_VERSION: u32 = 26;

pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    let calls_but_sends = Router::new()
        .route("/{version}/oauth/access_token", get(oauth::exchange).post(oauth::exchange))
        .route("/{version}/debug_token", get(oauth::debug_token))
        .route("/{version}/{id}/media", post(media::upload))
        .merge(management(&sandbox))
        .route_layer(from_fn_with_state(Arc::clone(&sandbox), faults::apply));
    Router::new()
        .route("/{version}/{id}/messages", post(messages::send))
        .route("/{version}/{id}/marketing_messages", post(messages::send_marketing))
        .merge(calls_but_sends)
        .method_not_allowed_fallback(unknown_path)
        .layer(from_fn(serve_version))
        .fallback(unknown_path)
        .with_state(sandbox)
}

/// The calls that count against the quota of their WABA.
fn management(sandbox: &Arc<Sandbox>) -> Router<Arc<Sandbox>> {
    Router::new()
        .route("/{version}/{id}", get(objects::read).post(objects::change).delete(objects::remove))
        .route("/{version}/{id}/phone_numbers", get(numbers::list))
        .route("/{version}/{id}/register", post(numbers::register))
        .route("/{version}/{id}/deregister", post(numbers::deregister))
        .route("/{version}/{id}/request_code", post(numbers::request_code))
        .route("/{version}/{id}/verify_code", post(numbers::verify_code))
        .route("/{version}/{id}/owned_whatsapp_business_accounts", get(objects::list_accounts))
        .route("/{version}/{id}/client_whatsapp_business_accounts", get(objects::list_accounts))
        .route(
            "/{version}/{id}/subscribed_apps",
            get(subscriptions::list).post(subscriptions::subscribe).delete(subscriptions::unsubscribe),
        )
        .route(
            "/{version}/{id}/message_templates",
            get(templates::list).post(templates::create).delete(templates::delete),
        )
        .route("/{version}/{id}/upsert_message_templates", post(templates::upsert))
        .route("/{version}/{id}/unpause", post(templates::unpause))
        .route_layer(from_fn_with_state(Arc::clone(sandbox), quota::count))
}

async fn unknown_path(OriginalUri(uri): OriginalUri) -> GraphError {
    GraphError::new(400, 2_500).with_message(format!("Unknown path components: {}", uri.path()))
}

/// The major version in `/vNN.N/…`.
fn version(path: &str) -> Option<u32> {
    let first = path.trim_start_matches('/').split('/').next()?;
    let (major, minor) = first.strip_prefix('v')?.split_once('.')?;
    minor.parse::<u32>().ok()?;
    major.parse().ok()
}

/// Like Meta, serves a version that has ended as the oldest one, and a future version as the newest.
async fn serve_version(request: Request, next: Next) -> Response {
    let Some(requested) = version(request.uri().path()) else {
        return unknown_path(OriginalUri(request.uri().clone())).await.into_response();
    };
    let version = requested.clamp(OLDEST_VERSION, NEWEST_VERSION);
    let mut response = next.run(request).await;
    if let Ok(served) = HeaderValue::from_str(&format!("v{version}.0")) {
        response.headers_mut().insert("facebook-api-version", served);
    }
    response
}

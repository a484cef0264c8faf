//! The Graph API: paths under `/vNN.0/`, tokens, and Meta's error envelope.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, OriginalUri, Request};
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::account::{Account, Scope};
use crate::digest;
use crate::sandbox::Sandbox;
use crate::world::Handle;

mod analytics;
pub(crate) mod fields;
pub(crate) mod media;
mod messages;
mod numbers;
mod oauth;
mod objects;
mod paging;
mod quota;
mod spoiled;
mod subscriptions;
mod templates;

pub(crate) use templates::components_news;

use crate::graph_error::GraphError;
use crate::query::query;

/// The oldest and the newest version that Meta serves (Graph API changelog, autumn 2026).
const OLDEST_LIVE: u32 = 21;
const NEWEST: u32 = 26;

/// All Graph calls of the sandbox.
pub(crate) fn router(sandbox: Arc<Sandbox>) -> Router {
    let quiet = Router::new()
        .route("/{version}/oauth/access_token", get(oauth::exchange).post(oauth::exchange))
        .route("/{version}/debug_token", get(oauth::debug_token))
        .route("/{version}/{id}/media", post(media::upload))
        .merge(management(&sandbox))
        .route_layer(from_fn_with_state(Arc::clone(&sandbox), spoiled::interfere));
    Router::new()
        .route("/{version}/{id}/messages", post(messages::send))
        .route("/{version}/{id}/marketing_messages", post(messages::send_marketing))
        .merge(quiet)
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
        .route("/{version}/{id}/owned_whatsapp_business_accounts", get(objects::owned))
        .route("/{version}/{id}/client_whatsapp_business_accounts", get(objects::owned))
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

/// A path that Graph does not know.
async fn unknown_path(OriginalUri(uri): OriginalUri) -> GraphError {
    GraphError::of(400, 2_500).saying(format!("Unknown path components: {}", uri.path()))
}

/// The major number of `/vNN.N/…`.
fn version(path: &str) -> Option<u32> {
    let first = path.trim_start_matches('/').split('/').next()?;
    let (major, minor) = first.strip_prefix('v')?.split_once('.')?;
    minor.parse::<u32>().ok()?;
    major.parse().ok()
}

/// As Meta does, a version that has ended is served by the oldest that lives; one still to come by the newest.
async fn serve_version(request: Request, next: Next) -> Response {
    let Some(asked) = version(request.uri().path()) else {
        return unknown_path(OriginalUri(request.uri().clone())).await.into_response();
    };
    let version = asked.clamp(OLDEST_LIVE, NEWEST);
    let mut response = next.run(request).await;
    if let Ok(served) = HeaderValue::from_str(&format!("v{version}.0")) {
        response.headers_mut().insert("facebook-api-version", served);
    }
    response
}

/// The token of a request, from its header or its query.
fn token(headers: &HeaderMap, query: &HashMap<String, String>) -> Result<String, GraphError> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header
        .and_then(|value| value.split_once(' '))
        .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    let token =
        bearer.map(|(_, token)| token.trim().to_owned()).or_else(|| query.get("access_token").cloned());
    token.filter(|token| !token.is_empty()).ok_or_else(GraphError::no_token)
}

/// `appsecret_proof` is checked when it was sent.
fn check_proof(sandbox: &Sandbox, token: &str, query: &HashMap<String, String>) -> Result<(), GraphError> {
    let wanted = digest::hmac_hex(&sandbox.app.secret, token.as_bytes());
    match query.get("appsecret_proof") {
        Some(proof) if !digest::same(&proof.to_ascii_lowercase(), &wanted) => Err(GraphError::of(400, 100)
            .saying("Invalid appsecret_proof provided in the API argument")
            .method()),
        _ => Ok(()),
    }
}

/// A caller with a business token: the account is the token's, and no other may be named.
pub(crate) struct Business {
    pub(crate) account: Arc<Account>,
    pub(crate) query: HashMap<String, String>,
}

impl FromRequestParts<Arc<Sandbox>> for Business {
    type Rejection = GraphError;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Arc<Sandbox>) -> Result<Self, GraphError> {
        let query = query(&parts.uri);
        let token = token(&parts.headers, &query)?;
        let account = sandbox.world().account_by(&Handle::Token(token.clone()));
        let account = account.ok_or_else(GraphError::bad_token)?;
        if let Some((subcode, why)) = account.token_state.refusal() {
            return Err(GraphError::dead_token(subcode, why));
        }
        check_proof(sandbox, &token, &query)?;
        Ok(Self { account, query })
    }
}

impl Business {
    /// Refuses a WABA that is not the caller's, and a token that may not manage one.
    pub(crate) fn waba(&self, id: &str, verb: &str) -> Result<(), GraphError> {
        self.may(Scope::Management)?;
        if self.account.waba_id == id { Ok(()) } else { Err(GraphError::not_found(id, verb)) }
    }

    /// Refuses a phone number that is not the caller's, and a token without the scope.
    pub(crate) fn phone(&self, id: &str, scope: Scope) -> Result<(), GraphError> {
        self.may(scope)?;
        if self.account.phone_number_id == id { Ok(()) } else { Err(GraphError::not_found(id, "post")) }
    }

    /// Refuses a token without a scope: sends by code 10, everything else by 200.
    pub(crate) fn may(&self, scope: Scope) -> Result<(), GraphError> {
        if self.account.scopes.contains(&scope) {
            return Ok(());
        }
        match scope {
            Scope::Messaging => Err(GraphError::of(403, 10)),
            Scope::Management => Err(GraphError::no_scope(scope.as_str())),
        }
    }
}

/// A caller with the app's own token, `APP_ID|APP_SECRET`.
pub(crate) struct AppCaller {
    pub(crate) query: HashMap<String, String>,
}

impl FromRequestParts<Arc<Sandbox>> for AppCaller {
    type Rejection = GraphError;

    async fn from_request_parts(parts: &mut Parts, sandbox: &Arc<Sandbox>) -> Result<Self, GraphError> {
        let query = query(&parts.uri);
        let token = token(&parts.headers, &query)?;
        let wanted = format!("{}|{}", sandbox.app.id, sandbox.app.secret);
        if !digest::same(&token, &wanted) {
            return Err(GraphError::bad_token());
        }
        check_proof(sandbox, &token, &query)?;
        Ok(Self { query })
    }
}

//! `GET /.well-known/jwks.json`

use api::App;
use axum::Json;
use axum::extract::State;

/// The public keys of the access tokens (RFC 7517).
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "auth", responses((status = 200, body = serde_json::Value)))]
pub(crate) async fn jwks(State(app): State<App>) -> Json<serde_json::Value> {
    Json(app.tokens.jwks())
}

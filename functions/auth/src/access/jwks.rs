//! `GET /.well-known/jwks.json`

use api::{App, schema};
use axum::Json;
use axum::extract::State;

/// The public keys of the access tokens (RFC 7517).
///
/// With them another service can check a token without asking. After a rotation the older keys stay until their tokens have
/// expired.
#[utoipa::path(get, path = "/.well-known/jwks.json", operation_id = "getJwks", tag = "auth", responses((status = 200, body = schema::KeySet)))]
pub(crate) async fn jwks(State(app): State<App>) -> Json<serde_json::Value> {
    Json(app.tokens.jwks())
}

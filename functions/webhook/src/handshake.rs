//! `GET /webhook/meta`

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use domain::Problem;
use domain::problem::Kind;
use http_kit::{ProblemBody, ProblemResponse};
use meta::MetaApp;
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::Webhook;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Handshake {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Meta asks whether this address expects its webhooks.
///
/// Meta sends the verify token that was entered for the app, and expects its challenge back.
#[utoipa::path(get, path = "/webhook/meta", operation_id = "verifyWebhook", tag = "webhook", params(Handshake), responses(
    (status = 200, description = "The challenge", body = String, content_type = "text/plain"),
    (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "The mode is not subscribe, or the verify token is not this installation's", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn handshake(
    State(webhook): State<Webhook>,
    request: Result<Query<Handshake>, QueryRejection>,
) -> Result<String, ProblemResponse> {
    let Query(request) =
        request.map_err(|rejection| Problem::new(Kind::Malformed).with_detail(rejection.body_text()))?;
    let (mode, token) = (request.mode.as_deref(), request.verify_token.as_deref());
    let answer = |app: &MetaApp| {
        let expected = app.verify_token.expose_secret();
        meta::webhook::handshake(mode, token, request.challenge.as_deref(), expected)
    };
    // Meta asks once, right after the token was changed: the token at hand may be the old one.
    let answered = match answer(&webhook.app.get()) {
        Ok(challenge) => Ok(challenge),
        Err(_refused) => answer(&*webhook.app.renew().await),
    };
    Ok(answered.map_err(|refused| Problem::new(Kind::HandshakeRefused).with_detail(refused))?)
}

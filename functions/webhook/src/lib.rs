//! Where Meta calls: verify the raw bytes, split them into updates, enqueue, answer 200. No database.
//!
//! The 200 is given only after every update stands on the queue; without it Meta calls again, for up to seven days.

mod pack;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use cloud::{Kept, Queue, Queues};
use domain::limits::WEBHOOK_BODY_BYTES_MAX;
use http_kit::{Kind, Problem, ProblemBody};
use meta::MetaApp;
use meta::signature::{self, SignatureError};
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// The header that proves who speaks.
const SIGNATURE: &str = "x-hub-signature-256";

/// What this function knows.
#[derive(Clone)]
pub struct Webhook {
    /// Where updates go.
    pub queues: Arc<dyn Queues>,
    /// What Meta proves itself with.
    pub app: Kept<MetaApp>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

/// The routes of this function.
pub fn router() -> OpenApiRouter<Webhook> {
    OpenApiRouter::new()
        .routes(routes!(handshake, receive).layer(DefaultBodyLimit::max(WEBHOOK_BODY_BYTES_MAX)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Handshake {
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Meta asks whether we expect its webhooks.
#[utoipa::path(get, path = "/webhook/meta", tag = "webhook", params(Handshake), responses(
    (status = 200, description = "The challenge", body = String, content_type = "text/plain"),
    (status = 400, description = "No query that can be read", body = ProblemBody, content_type = "application/problem+json"),
    (status = 403, description = "Not Meta, or not for us", body = ProblemBody, content_type = "application/problem+json"),
))]
async fn handshake(
    State(webhook): State<Webhook>,
    asked: Result<Query<Handshake>, QueryRejection>,
) -> Result<String, Problem> {
    let Query(asked) =
        asked.map_err(|rejection| Problem::new(Kind::Malformed).with_detail(rejection.body_text()))?;
    let (mode, token) = (asked.mode.as_deref(), asked.verify_token.as_deref());
    let answer = |app: &MetaApp| {
        let expected = app.verify_token.expose_secret();
        meta::webhook::handshake(mode, token, asked.challenge.as_deref(), expected)
    };
    // A handshake is asked for once, and right after the token was changed.
    let answered = match answer(&webhook.app.get()) {
        Ok(challenge) => Ok(challenge),
        Err(_refused) => answer(&*webhook.app.renew().await),
    };
    answered.map_err(|refused| Problem::new(Kind::Forbidden).with_detail(refused))
}

/// Meta tells what became of messages, templates and numbers.
#[utoipa::path(post, path = "/webhook/meta", tag = "webhook", request_body = serde_json::Value, responses(
    (status = 200, description = "Every update stands on the queue"),
    (status = 400, description = "Signed, and no webhook", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "Not signed by Meta", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "Larger than Meta's webhooks are", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Not enqueued; say it again", body = ProblemBody, content_type = "application/problem+json"),
))]
async fn receive(State(webhook): State<Webhook>, request: Request) -> Result<StatusCode, Problem> {
    let header = signature_of(request.headers());
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| {
        Problem::new(if rejection.status() == Kind::TooLarge.status() {
            Kind::TooLarge
        } else {
            Kind::Malformed
        })
    })?;
    // Nothing of the body is looked at before its signature is known to be Meta's (I20).
    verify(&webhook.app, header.as_deref(), &bytes)
        .await
        .map_err(|refused| Problem::new(Kind::Unauthenticated).with_detail(refused))?;
    let updates =
        meta::webhook::parse(&bytes).map_err(|not_one| Problem::new(Kind::Malformed).with_detail(not_one))?;
    let messages = pack::pack(updates).map_err(|error| {
        tracing::error!(%error, "updates could not be written as JSON");
        Problem::new(Kind::Internal)
    })?;
    if !messages.is_empty() {
        webhook.queues.send(Queue::Updates, messages, Duration::ZERO).await.map_err(|error| {
            tracing::error!(%error, "updates were not enqueued; Meta will send them again");
            Problem::new(Kind::Unavailable)
        })?;
    }
    Ok(StatusCode::OK)
}

/// A signature that is wrong may be right with a secret that was changed a moment ago.
async fn verify(app: &Kept<MetaApp>, header: Option<&str>, bytes: &[u8]) -> Result<(), SignatureError> {
    match signature::verify(&app.get().secrets(), header, bytes) {
        Err(SignatureError::Wrong) => signature::verify(&app.renew().await.secrets(), header, bytes),
        known => known,
    }
}

/// The signature's header. Of several none is taken: a gateway that joins them makes them one that is malformed.
fn signature_of(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(SIGNATURE).iter();
    let first = values.next().and_then(|value| value.to_str().ok())?;
    values.next().is_none().then(|| first.to_owned())
}

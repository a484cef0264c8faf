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
use cloud::{Queue, Queues};
use domain::limits::WEBHOOK_BODY_BYTES_MAX;
use http_kit::{Kind, Problem, ProblemBody};
use secrecy::{ExposeSecret, SecretString};
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
    /// The app's secrets: the present one and, during a rotation, the one before.
    pub app_secrets: Arc<[SecretString]>,
    /// What Meta must say at the handshake.
    pub verify_token: SecretString,
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
    let expected = webhook.verify_token.expose_secret();
    let (mode, token) = (asked.mode.as_deref(), asked.verify_token.as_deref());
    meta::webhook::handshake(mode, token, asked.challenge.as_deref(), expected)
        .map_err(|refused| Problem::new(Kind::Forbidden).with_detail(refused))
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
    let header = signature(request.headers());
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| {
        Problem::new(if rejection.status() == Kind::TooLarge.status() {
            Kind::TooLarge
        } else {
            Kind::Malformed
        })
    })?;
    // Nothing of the body is looked at before its signature is known to be Meta's (I20).
    meta::signature::verify(&webhook.app_secrets, header.as_deref(), &bytes)
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

/// The signature's header. Of several none is taken: a gateway that joins them makes them one that is malformed.
fn signature(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(SIGNATURE).iter();
    let first = values.next().and_then(|value| value.to_str().ok())?;
    values.next().is_none().then(|| first.to_owned())
}

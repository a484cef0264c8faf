//! `POST /webhook/meta`

use std::time::Duration;

use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use bytes::Bytes;
use cloud::Queue;
use domain::problem::Kind;
use domain::{Problem, with_causes};
use http_kit::problem::status;
use http_kit::{ProblemBody, ProblemResponse};

use crate::Webhook;
use crate::pack::pack;
use crate::verify::{signature_of, verify};

/// Meta reports what happened to messages, templates and numbers.
///
/// The body is read after its signature was found to be Meta's. 200 means that every update is on the queue; after any other
/// answer Meta sends the webhook again.
#[utoipa::path(post, path = "/webhook/meta", operation_id = "receiveWebhook", tag = "webhook", request_body = serde_json::Value, responses(
    (status = 200, description = "Every update is on the queue"),
    (status = 400, description = "Signed, but not a webhook", body = ProblemBody, content_type = "application/problem+json"),
    (status = 401, description = "Not signed by Meta", body = ProblemBody, content_type = "application/problem+json"),
    (status = 413, description = "Larger than Meta's webhooks are", body = ProblemBody, content_type = "application/problem+json"),
    (status = 503, description = "Not enqueued; send it again", body = ProblemBody, content_type = "application/problem+json"),
))]
pub(crate) async fn receive(
    State(webhook): State<Webhook>,
    request: Request,
) -> Result<StatusCode, ProblemResponse> {
    let signature = signature_of(request.headers());
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| {
        let is_too_large = rejection.status() == status(Kind::TooLarge);
        Problem::new(if is_too_large { Kind::TooLarge } else { Kind::Malformed })
    })?;
    // Nothing of the body is read before its signature is known to be Meta's (I20).
    verify(&webhook.app, signature.as_deref(), &bytes)
        .await
        .map_err(|refused| Problem::new(Kind::Unauthenticated).with_detail(refused))?;
    let updates =
        meta::webhook::parse(&bytes).map_err(|error| Problem::new(Kind::Malformed).with_detail(error))?;
    let messages = pack(updates).map_err(|error| {
        tracing::error!(error = with_causes(&error), "the updates of a webhook could not be written as JSON");
        Problem::new(Kind::Internal)
    })?;
    if !messages.is_empty() {
        webhook.queues.send(Queue::Updates, messages, Duration::ZERO).await.map_err(|error| {
            tracing::error!(
                error = with_causes(&error),
                "the updates of a webhook were not enqueued; Meta will send them again"
            );
            Problem::new(Kind::Unavailable)
        })?;
    }
    Ok(StatusCode::OK)
}

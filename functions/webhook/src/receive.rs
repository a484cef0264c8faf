//! `POST /webhook/meta`

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use cloud::Queue;
use domain::problem::Kind;
use domain::{Problem, with_causes};
use http_kit::{ProblemBody, ProblemResponse, receive_body};
use meta::signature;

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
    let unsigned = |refused| Problem::new(Kind::Unauthenticated).with_detail(refused);
    // A caller that cannot have signed does not get its body received.
    signature::check_form(signature.as_deref()).map_err(unsigned)?;
    let body = receive_body(request).await?;
    // Nothing of the body is read before its signature is known to be Meta's (I20).
    verify(&webhook.app, signature.as_deref(), &body.bytes).await.map_err(unsigned)?;
    let updates = meta::webhook::parse(&body.into_known())
        .map_err(|error| Problem::new(Kind::Malformed).with_detail(error))?;
    let messages = pack(updates, &webhook.app.get().secret).map_err(|error| {
        tracing::error!(
            error = with_causes(&error),
            "the updates of a webhook could not be encrypted for the queue"
        );
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

//! Taking messages and withdrawing them.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::messages::View;
use domain::time::parse_schedule_time;
use domain::{ContactId, MessageId, TemplateId};
use http_kit::{Allowed, App, Body, IdInPath, IdempotencyKey, Problem, ProblemBody};
use jiff::Timestamp;
use ops::messages::accept::{Accepted, NewSend};
use ops::{Sender, Spender};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SendNow {
    #[schema(value_type = Uuid)]
    template_id: TemplateId,
    #[schema(value_type = Uuid)]
    contact_id: ContactId,
    /// Values of the template's variables by their names; what is missing is taken from the contact.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// Or the header `Idempotency-Key`.
    #[serde(default)]
    idempotency_key: Option<String>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the seed's own names")]
pub(crate) struct Schedule {
    #[schema(value_type = Uuid)]
    template_id: TemplateId,
    #[schema(value_type = Uuid)]
    contact_id: ContactId,
    /// RFC 3339 with a zone; in the past is now.
    #[schema(example = "2026-12-31T10:00:00Z")]
    schedule_time: String,
    /// Or the header `Idempotency-Key`; one of them is needed.
    #[schema(example = "unique-request-id")]
    #[serde(default)]
    idempotency_key: Option<String>,
    /// Values of the template's variables by their names; what is missing is taken from the contact.
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

/// A message that was taken. It is durable from here on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcceptedView {
    id: Uuid,
    #[schema(value_type = String, example = "PENDING")]
    status: View,
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
}

fn view(accepted: &Accepted) -> AcceptedView {
    AcceptedView {
        id: accepted.message_id.0,
        status: View::Pending,
        due_at: accepted.due_at,
        accepted_at: accepted.accepted_at,
    }
}

/// Sends a message now. Funds are checked when it leaves.
#[utoipa::path(post, path = "/messages", tag = "messages", security(("bearer" = [])), request_body = SendNow,
    params(IdempotencyKey), responses(
    (status = 201, body = AcceptedView),
    (status = 403, body = ProblemBody),
    (status = 409, description = "The same request is still running", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn send(
    State(app): State<App>,
    Allowed(by): Allowed<Spender>,
    key: IdempotencyKey,
    Body(mut asked): Body<SendNow>,
) -> Result<(StatusCode, Json<AcceptedView>), Problem> {
    let in_body = asked.idempotency_key.take();
    let key = key.with_body(in_body.as_deref(), by.tenant(), "send_message", &asked)?;
    let SendNow { template_id, contact_id, variables, idempotency_key: _ } = asked;
    let new = NewSend { template: template_id, contact: contact_id, due_at: None, variables };
    let accepted = ops::messages::accept::accept_message(&app.platform, &by, new, key).await?;
    Ok((StatusCode::CREATED, Json(view(&accepted))))
}

/// Schedules a message. Funds are checked when it leaves.
#[utoipa::path(post, path = "/messages/schedule", tag = "messages", security(("bearer" = [])), request_body = Schedule,
    params(IdempotencyKey),
    responses(
        (status = 201, body = AcceptedView),
        (status = 403, body = ProblemBody),
        (status = 409, description = "The same request is still running", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn schedule(
    State(app): State<App>,
    Allowed(by): Allowed<Spender>,
    key: IdempotencyKey,
    Body(mut asked): Body<Schedule>,
) -> Result<(StatusCode, Json<AcceptedView>), Problem> {
    let due_at = parse_schedule_time(&asked.schedule_time, app.platform.clock.now())
        .map_err(|error| Problem::field("scheduleTime", error))?;
    let in_body = asked.idempotency_key.take();
    let key = key.with_body(in_body.as_deref(), by.tenant(), "schedule_message", &asked)?;
    let key = key.ok_or_else(|| {
        Problem::field("idempotencyKey", "is needed, here or as the Idempotency-Key header")
    })?;
    let Schedule { template_id, contact_id, variables, schedule_time: _, idempotency_key: _ } = asked;
    let new = NewSend { template: template_id, contact: contact_id, due_at: Some(due_at), variables };
    let accepted = ops::messages::accept::accept_message(&app.platform, &by, new, Some(key)).await?;
    Ok((StatusCode::CREATED, Json(view(&accepted))))
}

/// Withdraws a message that still waits. Doing it again changes nothing.
#[utoipa::path(post, path = "/messages/{id}/cancel", tag = "messages", security(("bearer" = [])),
    params(("id" = Uuid, Path)), responses(
        (status = 204),
        (status = 404, body = ProblemBody),
        (status = 409, description = "It is on its way or at its end", body = ProblemBody),
    ))]
pub(crate) async fn cancel(
    State(app): State<App>,
    Allowed(by): Allowed<Sender>,
    IdInPath(id): IdInPath<MessageId>,
) -> Result<StatusCode, Problem> {
    ops::messages::cancel::cancel_message(&app.platform, &by, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

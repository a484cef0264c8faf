//! `POST /messages/schedule`

use std::collections::BTreeMap;

use api::{Allowed, App, KeyRequired, KeyedBody};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::time::parse_schedule_time;
use domain::{ContactId, Problem, TemplateId};
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::Spender;
use ops::messages::accept::NewSend;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::messages::AcceptedOut;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API's names")]
pub(crate) struct Schedule {
    #[schema(value_type = Uuid)]
    template_id: TemplateId,
    #[schema(value_type = Uuid)]
    contact_id: ContactId,
    /// RFC 3339 with a time zone; a time in the past means now.
    #[schema(example = "2026-12-31T10:00:00Z")]
    schedule_time: String,
    /// Required here or in the header `Idempotency-Key`.
    #[schema(example = "unique-request-id")]
    #[serde(default)]
    idempotency_key: Option<String>,
    /// Values of the template's variables by name; a value that is missing is taken from the contact.
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

impl KeyedBody for Schedule {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

/// Schedules a message. The balance is checked when it leaves.
#[utoipa::path(post, path = "/messages/schedule", tag = "messages", security(("bearer" = [])), request_body = Schedule,
    params(IdempotencyKey),
    responses(
        (status = 201, body = AcceptedOut),
        (status = 403, body = ProblemBody),
        (status = 409, description = "The same request is still running", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn schedule(
    State(app): State<App>,
    Allowed(permit): Allowed<Spender>,
    KeyRequired(request, key): KeyRequired<Schedule>,
) -> Result<(StatusCode, Json<AcceptedOut>), ProblemResponse> {
    let due_at = parse_schedule_time(&request.schedule_time, app.platform.clock.now())
        .map_err(|error| Problem::field("scheduleTime", error))?;
    let Schedule { template_id, contact_id, variables, schedule_time: _, idempotency_key: _ } = request;
    let new = NewSend { template: template_id, contact: contact_id, due_at: Some(due_at), variables };
    let accepted = ops::messages::accept::accept_message(&app.platform, &permit, new, Some(key)).await?;
    Ok((StatusCode::CREATED, Json(accepted.into())))
}

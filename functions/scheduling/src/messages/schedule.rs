//! `POST /messages/schedule`

use std::collections::BTreeMap;

use api::{Allowed, App, KeyRequired, KeyedBody, schema};
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
    #[schema(value_type = schema::ScheduleTime)]
    schedule_time: String,
    /// Required here or in the header `Idempotency-Key`.
    #[schema(value_type = Option<schema::KeyInBody>)]
    #[serde(default)]
    idempotency_key: Option<String>,
    #[schema(value_type = schema::Variables, required = false)]
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

impl KeyedBody for Schedule {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

/// Schedules a message.
///
/// It leaves at its time, and the balance is checked then. The idempotency key is required: the same request with the same key
/// is one message.
#[utoipa::path(post, path = "/messages/schedule", operation_id = "scheduleMessage", tag = "messages", security(("bearer" = ["messages:send"])), request_body = Schedule,
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

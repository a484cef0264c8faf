//! `POST /messages`

use std::collections::BTreeMap;

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::{ContactId, TemplateId};
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::Spender;
use ops::messages::accept::NewSend;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::messages::AcceptedOut;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SendNow {
    #[schema(value_type = Uuid)]
    template_id: TemplateId,
    #[schema(value_type = Uuid)]
    contact_id: ContactId,
    #[schema(value_type = schema::Variables, required = false)]
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[schema(value_type = Option<schema::KeyInBody>)]
    #[serde(default)]
    idempotency_key: Option<String>,
}

impl KeyedBody for SendNow {
    fn idempotency_key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

impl From<SendNow> for NewSend {
    fn from(request: SendNow) -> Self {
        Self {
            template: request.template_id,
            contact: request.contact_id,
            due_at: None,
            variables: request.variables,
        }
    }
}

/// Sends a message now.
///
/// The answer means that the message is stored and will be sent, not that it was. The balance is checked when it leaves. Send
/// an idempotency key: without one a repeated request is a second message, also when only the answer to the first was lost.
#[utoipa::path(post, path = "/messages", operation_id = "sendMessage", tag = "messages", security(("bearer" = ["messages:send"])), request_body = SendNow,
    params(IdempotencyKey), responses(
    (status = 201, body = AcceptedOut),
    (status = 403, body = ProblemBody),
    (status = 409, description = "The same request is still running", body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn send(
    State(app): State<App>,
    Allowed(permit): Allowed<Spender>,
    Keyed(request, key): Keyed<SendNow>,
) -> Result<(StatusCode, Json<AcceptedOut>), ProblemResponse> {
    let accepted = ops::messages::accept::accept_message(&app.platform, &permit, request.into(), key).await?;
    Ok((StatusCode::CREATED, Json(accepted.into())))
}

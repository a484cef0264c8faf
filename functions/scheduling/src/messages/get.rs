//! `GET /messages/{id}`

use api::{Allowed, App};
use axum::Json;
use axum::extract::State;
use domain::messages::Evidence;
use domain::problem::Kind;
use domain::{MessageId, Problem};
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::Viewer;
use ops::messages::read::ReceivedStatus;
use serde::Serialize;
use utoipa::ToSchema;

use crate::messages::{ErrorOut, MessageOut};

/// A message with every status that Meta sent for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageHistory {
    #[serde(flatten)]
    message: MessageOut,
    /// In the order in which they were received.
    history: Vec<StatusOut>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusOut {
    #[schema(value_type = String, example = "delivered")]
    status: Evidence,
    /// By Meta's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorOut>,
}

impl From<&ReceivedStatus> for StatusOut {
    fn from(received: &ReceivedStatus) -> Self {
        Self {
            status: received.status,
            occurred_at: received.occurred_at,
            received_at: received.received_at,
            error: ErrorOut::new(received.error_code, received.error_text.as_ref()),
        }
    }
}

/// A message with its history, cost and refund.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = MessageHistory),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn get(
    State(app): State<App>,
    Allowed(permit): Allowed<Viewer>,
    IdInPath(id): IdInPath<MessageId>,
) -> Result<Json<MessageHistory>, ProblemResponse> {
    let found = ops::messages::read::find_message(&app.platform, &permit, id).await?;
    let (message, history) = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let history = history.iter().map(StatusOut::from).collect();
    Ok(Json(MessageHistory { message: MessageOut::from(&message), history }))
}

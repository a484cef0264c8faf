//! `GET /messages/{id}`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::holds::Hold;
use domain::messages::DeliveryStatus;
use domain::problem::Kind;
use domain::{MessageId, Problem};
use http_kit::{IdInPath, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::MessageReader;
use ops::messages::read::StatusEntry;
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
    /// Why it does not go, while it waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    holds: Vec<HoldOut>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusOut {
    #[schema(value_type = schema::DeliveryState)]
    status: DeliveryStatus,
    /// By Meta's clock.
    #[schema(value_type = Option<schema::Time>)]
    occurred_at: Option<Timestamp>,
    #[schema(value_type = schema::Time)]
    received_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorOut>,
}

impl From<&StatusEntry> for StatusOut {
    fn from(entry: &StatusEntry) -> Self {
        Self {
            status: entry.status,
            occurred_at: entry.occurred_at,
            received_at: entry.received_at,
            error: ErrorOut::new(entry.error_code, entry.error_text.as_ref()),
        }
    }
}

/// Something stops the message for now. Nothing is debited, and it goes when the last hold is lifted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HoldOut {
    #[schema(value_type = schema::HoldKind)]
    kind: String,
    #[schema(value_type = schema::HoldWord)]
    reason: &'static str,
    #[schema(example = "PAUSED")]
    detail: String,
    #[schema(value_type = schema::Time)]
    since: Timestamp,
    /// When it ends by itself, if it does.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    resumes_at: Option<Timestamp>,
}

impl From<Hold> for HoldOut {
    fn from(hold: Hold) -> Self {
        let Hold { kind, reason, detail, since, resumes_at } = hold;
        Self { kind, reason: reason.as_str(), detail, since, resumes_at }
    }
}

/// A message with its history, cost and refund.
///
/// `history` holds every status that Meta sent for it, `holds` why it waits, if it does.
#[utoipa::path(get, path = "/messages/{id}", operation_id = "getMessage", tag = "messages", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = MessageHistory),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn get(
    State(app): State<App>,
    Allowed(permit): Allowed<MessageReader>,
    IdInPath(id): IdInPath<MessageId>,
) -> Result<Json<MessageHistory>, ProblemResponse> {
    let found = ops::messages::read::find_message(&app.platform, &permit, id).await?;
    let found = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    Ok(Json(MessageHistory {
        message: MessageOut::from(&found.message),
        history: found.history.iter().map(StatusOut::from).collect(),
        holds: found.holds.into_iter().map(HoldOut::from).collect(),
    }))
}

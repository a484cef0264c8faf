//! What became of messages.

use axum::Json;
use axum::extract::State;
use domain::messages::{Evidence, View};
use domain::{MessageId, Money};
use http_kit::{Allowed, App, Cursor, IdInPath, Kind, Page, PageQuery, Problem, ProblemBody};
use jiff::Timestamp;
use ops::Viewer;
use serde::Serialize;
use store::messages::{Message, StatusEntry};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageView {
    id: Uuid,
    template_id: Uuid,
    contact_id: Uuid,
    #[schema(example = "+15551234567")]
    to: String,
    /// From what we did and what Meta said.
    #[schema(value_type = String, example = "DELIVERED")]
    status: View,
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    accepted_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// What was debited; absent while nothing was.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Money>,
    /// What was given back.
    #[schema(value_type = Option<f64>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<Money>,
    /// Meta's id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    wamid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorView>,
}

/// Why it failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorView {
    /// Meta's code; absent when it was not Meta.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    text: String,
}

/// A message with every status that Meta sent of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageHistory {
    #[serde(flatten)]
    message: MessageView,
    /// In the order in which we heard.
    history: Vec<StatusView>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusView {
    #[schema(value_type = String, example = "delivered")]
    status: Evidence,
    /// By Meta's clock.
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    received_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorView>,
}

fn error_view(code: Option<i32>, text: Option<&String>) -> Option<ErrorView> {
    (code.is_some() || text.is_some()).then(|| ErrorView { code, text: text.cloned().unwrap_or_default() })
}

fn view(message: &Message) -> MessageView {
    MessageView {
        id: message.message_id.0,
        template_id: message.template_id.0,
        contact_id: message.contact_id.0,
        to: message.to.to_string(),
        status: domain::messages::view(message.state, message.evidence),
        due_at: message.due_at,
        accepted_at: message.accepted_at,
        updated_at: message.updated_at,
        cost: message.price,
        refund: message.refund,
        wamid: message.wamid.clone(),
        error: error_view(message.error_code, message.error_text.as_ref()),
    }
}

fn status_view(entry: &StatusEntry) -> Result<StatusView, Problem> {
    Ok(StatusView {
        status: store::delivery::statuses::kind_of(entry.bit)?,
        occurred_at: entry.occurred_at,
        received_at: entry.received_at,
        error: error_view(entry.error_code, entry.error_text.as_ref()),
    })
}

/// The tenant's messages, newest first.
#[utoipa::path(get, path = "/messages", tag = "messages", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<MessageView>),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(by): Allowed<Viewer>,
    cursor: Cursor<MessageId>,
) -> Result<Json<Page<MessageView>>, Problem> {
    let messages =
        ops::messages::read::list_messages(&app.platform, &by, cursor.before.0, cursor.limit).await?;
    Ok(Json(Page::of(&messages, cursor.limit, |message| message.message_id, view)))
}

/// A message with its history, cost and refund.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = MessageHistory),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn find(
    State(app): State<App>,
    Allowed(by): Allowed<Viewer>,
    IdInPath(id): IdInPath<MessageId>,
) -> Result<Json<MessageHistory>, Problem> {
    let found = ops::messages::read::find_message(&app.platform, &by, id).await?;
    let (message, history) = found.ok_or_else(|| Problem::new(Kind::NotFound))?;
    let history = history.iter().map(status_view).collect::<Result<_, _>>()?;
    Ok(Json(MessageHistory { message: view(&message), history }))
}

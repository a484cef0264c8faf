//! Messages as more than one route shows them.

pub(crate) mod cancel;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod schedule;
pub(crate) mod send;

use api::schema;
use domain::Money;
use domain::messages::MessageStatus;
use jiff::Timestamp;
use ops::messages::accept::Accepted;
use ops::messages::read::Message;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A message that was accepted and saved.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcceptedOut {
    id: Uuid,
    #[schema(value_type = schema::MessageState)]
    status: MessageStatus,
    #[schema(value_type = schema::Time)]
    due_at: Timestamp,
    #[schema(value_type = schema::Time)]
    accepted_at: Timestamp,
}

impl From<Accepted> for AcceptedOut {
    fn from(accepted: Accepted) -> Self {
        Self {
            id: accepted.message_id.0,
            status: MessageStatus::Pending,
            due_at: accepted.due_at,
            accepted_at: accepted.accepted_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageOut {
    id: Uuid,
    /// Absent for free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<Uuid>,
    contact_id: Uuid,
    #[schema(value_type = schema::E164)]
    to: String,
    #[schema(value_type = schema::MessageState)]
    status: MessageStatus,
    #[schema(value_type = schema::Time)]
    due_at: Timestamp,
    #[schema(value_type = schema::Time)]
    accepted_at: Timestamp,
    #[schema(value_type = schema::Time)]
    updated_at: Timestamp,
    /// The amount that was debited; absent before that.
    #[schema(value_type = Option<schema::Amount>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Money>,
    /// The amount that was given back.
    #[schema(value_type = Option<schema::Amount>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<Money>,
    /// Meta's id of the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    wamid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorOut>,
}

/// Why it failed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorOut {
    /// Meta's code; absent when the error is not Meta's.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    text: String,
}

impl ErrorOut {
    fn new(code: Option<i32>, text: Option<&String>) -> Option<Self> {
        (code.is_some() || text.is_some()).then(|| Self { code, text: text.cloned().unwrap_or_default() })
    }
}

impl From<&Message> for MessageOut {
    fn from(message: &Message) -> Self {
        Self {
            id: message.message_id.0,
            template_id: message.template_id.map(|id| id.0),
            contact_id: message.contact_id.0,
            to: message.to.to_string(),
            status: domain::messages::shown_status(message.state, message.statuses, message.is_withdrawn),
            due_at: message.due_at,
            accepted_at: message.accepted_at,
            updated_at: message.updated_at,
            cost: message.price,
            refund: message.refund,
            wamid: message.wamid.clone(),
            error: ErrorOut::new(message.error_code, message.error_text.as_ref()),
        }
    }
}

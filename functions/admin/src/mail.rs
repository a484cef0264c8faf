use api::schema;
use domain::access::email::{EmailKind, EmailState};
use domain::{EmailId, TenantId};
use jiff::Timestamp;
use ops::access::emails::Email;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) mod list;
pub(crate) mod retry;

/// One e-mail to one person who logs in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailOut {
    #[schema(value_type = Uuid)]
    id: EmailId,
    /// Of an e-mail to an address that is not looked up yet, the platform's.
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    tenant_name: String,
    #[schema(value_type = schema::EmailKindWord)]
    kind: &'static str,
    #[schema(value_type = schema::Email)]
    recipient: String,
    #[schema(value_type = schema::EmailStateWord)]
    state: &'static str,
    /// Since it was queued last.
    #[schema(minimum = 0)]
    attempts: i32,
    /// Why the last attempt failed, in words.
    #[schema(example = "the mail server refused it with 550")]
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[schema(value_type = schema::Time)]
    queued_at: Timestamp,
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tried_at: Option<Timestamp>,
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<Timestamp>,
}

impl From<&Email> for EmailOut {
    fn from(email: &Email) -> Self {
        let email = email.clone();
        Self {
            id: email.email_id,
            tenant_id: email.tenant_id,
            tenant_name: email.tenant_name,
            kind: EmailKind::as_str(email.kind),
            recipient: email.recipient,
            state: EmailState::as_str(email.state),
            attempts: email.attempts,
            last_error: email.error,
            queued_at: email.queued_at,
            tried_at: email.tried_at,
            sent_at: email.sent_at,
        }
    }
}

//! `GET /contacts`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::ContactId;
use domain::contacts::Attributes;
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::ContactReader;
use ops::contacts::list::Contact;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContactOut {
    id: Uuid,
    #[schema(value_type = schema::E164)]
    phone: String,
    #[schema(value_type = Option<schema::ContactName>)]
    name: Option<String>,
    #[schema(value_type = schema::Attributes)]
    attributes: Attributes,
    /// When the contact opted out.
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    opted_out_at: Option<Timestamp>,
    /// Of what: `MARKETING` when the person stopped marketing in WhatsApp, so that codes and receipts are still sent;
    /// `ALL` when nothing is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_out_scope: Option<&'static str>,
    #[schema(value_type = schema::Time)]
    created_at: Timestamp,
}

impl From<&Contact> for ContactOut {
    fn from(contact: &Contact) -> Self {
        Self {
            id: contact.contact_id.0,
            phone: contact.phone.to_string(),
            name: contact.name.clone(),
            attributes: contact.attributes.clone(),
            opted_out_at: contact.opt_out.map(|opt_out| opt_out.at),
            opt_out_scope: contact.opt_out.map(|opt_out| opt_out.scope.as_str()),
            created_at: contact.created_at,
        }
    }
}

/// The tenant's contacts, newest first.
///
/// A page at a time: pass `nextCursor` as `cursor` to get the next.
#[utoipa::path(get, path = "/contacts", operation_id = "listContacts", tag = "contacts", security(("bearer" = ["contacts:read"])), params(PageQuery), responses(
    (status = 200, body = Page<ContactOut>),
    (status = 401, body = ProblemBody),
))]
pub(crate) async fn list(
    State(app): State<App>,
    Allowed(permit): Allowed<ContactReader>,
    cursor: Cursor<ContactId>,
) -> Result<Json<Page<ContactOut>>, ProblemResponse> {
    let contacts =
        ops::contacts::list::list_contacts(&app.platform, &permit, cursor.before.0, cursor.limit).await?;
    Ok(Json(Page::of(&contacts, cursor.limit, |contact| contact.contact_id)))
}

//! Whom a tenant writes to.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use domain::ContactId;
use domain::limits::IMPORT_BODY_BYTES_MAX;
use http_kit::{Allowed, App, Body, Cursor, IdempotencyKey, Page, PageQuery, Problem, ProblemBody};
use jiff::Timestamp;
use ops::contacts::import::{Imported, NewContact};
use ops::{Sender, Viewer};
use serde::{Deserialize, Serialize};
use store::contacts::Contact;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;
use uuid::Uuid;

/// The routes of this function.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(import).layer(DefaultBodyLimit::max(IMPORT_BODY_BYTES_MAX)))
        .routes(routes!(list))
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Import {
    /// At most 20,000.
    contacts: Vec<ImportRow>,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportRow {
    /// Any usual spelling with a country code.
    #[schema(example = "+15551234567")]
    phone: String,
    #[schema(example = "Alice")]
    #[serde(default)]
    name: Option<String>,
    /// Whatever else is known; values of template variables are looked up here.
    #[schema(value_type = Object, example = json!({"city": "NY"}))]
    #[serde(default)]
    attributes: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize, ToSchema)]
struct ImportView {
    /// New contacts.
    imported: u64,
    /// Contacts whose number was there already.
    skipped: u64,
}

/// Imports contacts, all or none. Numbers that are there already are skipped and counted.
#[utoipa::path(post, path = "/contacts/import", tag = "contacts", security(("bearer" = [])), request_body = Import,
    params(IdempotencyKey),
    responses(
        (status = 200, body = ImportView),
        (status = 403, body = ProblemBody),
        (status = 413, body = ProblemBody),
        (status = 422, description = "Every wrong row, up to 20, is named", body = ProblemBody),
    ))]
async fn import(
    State(app): State<App>,
    Allowed(by): Allowed<Sender>,
    key: IdempotencyKey,
    Body(asked): Body<Import>,
) -> Result<Json<ImportView>, Problem> {
    let key = key.of(by.tenant(), "import_contacts", &asked)?;
    let rows = asked
        .contacts
        .into_iter()
        .map(|row| NewContact { phone: row.phone, name: row.name, attributes: row.attributes })
        .collect();
    let Imported { imported, skipped } =
        ops::contacts::import::import_contacts(&app.platform, &by, rows, key).await?;
    Ok(Json(ImportView { imported, skipped }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ContactView {
    id: Uuid,
    #[schema(example = "+15551234567")]
    phone: String,
    name: Option<String>,
    #[schema(value_type = Object)]
    attributes: serde_json::Value,
    /// Since when the contact wants no messages.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    opted_out_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

fn view(contact: &Contact) -> ContactView {
    ContactView {
        id: contact.contact_id.0,
        phone: contact.phone.to_string(),
        name: contact.name.clone(),
        attributes: contact.attributes.clone(),
        opted_out_at: contact.opted_out_at,
        created_at: contact.created_at,
    }
}

/// The tenant's contacts, newest first.
#[utoipa::path(get, path = "/contacts", tag = "contacts", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<ContactView>),
    (status = 401, body = ProblemBody),
))]
async fn list(
    State(app): State<App>,
    Allowed(by): Allowed<Viewer>,
    cursor: Cursor<ContactId>,
) -> Result<Json<Page<ContactView>>, Problem> {
    let contacts =
        ops::contacts::list::list_contacts(&app.platform, &by, cursor.before.0, cursor.limit).await?;
    Ok(Json(Page::of(&contacts, cursor.limit, |contact| contact.contact_id, view)))
}

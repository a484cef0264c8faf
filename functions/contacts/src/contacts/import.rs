//! `POST /contacts/import`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::Sender;
use ops::contacts::import::{Imported, NewContact};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    #[schema(max_items = 20_000)]
    contacts: Vec<ImportRow>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportRow {
    #[schema(value_type = schema::Phone)]
    phone: String,
    #[schema(value_type = Option<schema::ContactName>)]
    #[serde(default)]
    name: Option<String>,
    #[schema(value_type = schema::Attributes, required = false)]
    #[serde(default)]
    attributes: serde_json::Map<String, serde_json::Value>,
}

impl KeyedBody for Import {}

impl From<ImportRow> for NewContact {
    fn from(row: ImportRow) -> Self {
        Self { phone: row.phone, name: row.name, attributes: row.attributes }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ImportOut {
    /// Contacts whose number did not exist before.
    imported: u64,
    /// Contacts whose number existed already.
    skipped: u64,
}

/// Imports contacts.
///
/// All or none. Numbers that exist already are skipped and counted.
#[utoipa::path(post, path = "/contacts/import", operation_id = "importContacts", tag = "contacts", security(("bearer" = [])), request_body = Import,
    params(IdempotencyKey),
    responses(
        (status = 200, body = ImportOut),
        (status = 403, body = ProblemBody),
        (status = 413, description = "Larger than 3,000,000 bytes", body = ProblemBody),
        (status = 422, description = "Up to 20 wrong rows are named", body = ProblemBody),
    ))]
pub(crate) async fn import(
    State(app): State<App>,
    Allowed(permit): Allowed<Sender>,
    Keyed(request, key): Keyed<Import>,
) -> Result<Json<ImportOut>, ProblemResponse> {
    let contacts = request.contacts.into_iter().map(NewContact::from).collect();
    let Imported { imported, skipped } =
        ops::contacts::import::import_contacts(&app.platform, &permit, contacts, key).await?;
    Ok(Json(ImportOut { imported, skipped }))
}

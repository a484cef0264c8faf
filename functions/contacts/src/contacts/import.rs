//! `POST /contacts/import`

use api::{Allowed, App, Keyed, KeyedBody, schema};
use axum::Json;
use axum::extract::State;
use domain::problem::FieldError;
use http_kit::body::parse;
use http_kit::{IdempotencyKey, ProblemBody, ProblemResponse};
use ops::ContactWriter;
use ops::contacts::import::{Imported, NAMED_MAX, NewContact, ROWS_AT_ONCE, Rejection, Row};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    /// Each is read by itself: one that is wrong does not stop the others.
    #[schema(value_type = Vec<ImportRow>, max_items = 20_000)]
    contacts: Vec<Box<RawValue>>,
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
    attributes: Option<Box<RawValue>>,
}

impl KeyedBody for Import {}

/// Each row by itself. Of the rows that cannot be read the first ones are read again for what is wrong with them: no answer
/// names more. Other requests of the process go on between two parts.
async fn rows(contacts: &[Box<RawValue>]) -> Vec<Row> {
    let mut rows = Vec::with_capacity(contacts.len());
    let mut unreadable = 0;
    for part in contacts.chunks(ROWS_AT_ONCE) {
        rows.extend(part.iter().map(|json| row(json, &mut unreadable)));
        tokio::task::yield_now().await;
    }
    rows
}

fn row(json: &RawValue, unreadable: &mut usize) -> Row {
    if let Ok(ImportRow { phone, name, attributes }) = serde_json::from_str(json.get()) {
        return Ok(NewContact { phone, name, attributes });
    }
    *unreadable += 1;
    if *unreadable > NAMED_MAX {
        return Err(Vec::new());
    }
    let problem = parse::<ImportRow>(json.get().as_bytes()).err();
    Err(problem.into_iter().flat_map(|problem| problem.fields).map(of_the_row).collect())
}

/// The parser calls the whole of what it reads the body.
fn of_the_row(error: FieldError) -> FieldError {
    if error.field == "body" { FieldError { field: String::new(), ..error } } else { error }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ImportOut {
    /// Contacts whose number did not exist before.
    imported: u64,
    /// Contacts whose number existed already, or came twice, in this spelling or another.
    skipped: u64,
    /// Contacts whose number belongs to a person who was erased: they are not added again. Absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    suppressed: Option<u64>,
    /// Rows that are wrong and were left out; absent when none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<u64>,
    /// What is wrong with the first of them, at most 20 reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rejections: Vec<RejectionOut>,
}

#[derive(Serialize, ToSchema)]
struct RejectionOut {
    /// The place of the row in the request; 0 is the first.
    index: usize,
    /// Absent when the row as a whole is wrong.
    #[schema(example = "phone")]
    #[serde(skip_serializing_if = "String::is_empty")]
    field: String,
    #[schema(example = "must start with + and a country code, such as +15551234567")]
    reason: String,
}

impl From<Rejection> for RejectionOut {
    fn from(Rejection { index, field, reason }: Rejection) -> Self {
        Self { index, field, reason }
    }
}

impl From<Imported> for ImportOut {
    fn from(outcome: Imported) -> Self {
        Self {
            imported: outcome.imported,
            skipped: outcome.skipped,
            suppressed: Some(outcome.suppressed).filter(|rows| *rows > 0),
            rejected: Some(outcome.rejected).filter(|rows| *rows > 0),
            rejections: outcome.rejections.into_iter().map(RejectionOut::from).collect(),
        }
    }
}

/// Imports contacts.
///
/// Each person once: a number that exists already, in this spelling or another, is skipped and counted. A person who was
/// erased is not added again. A row that is wrong is counted and named, and the others are imported.
///
/// When the plan does not allow all the contacts that are new, none is imported: the problem `plan-limit` says how many the
/// plan allows and how many there are, so that `max` − `used` still fit.
#[utoipa::path(post, path = "/contacts/import", operation_id = "importContacts", tag = "contacts", security(("bearer" = ["contacts:write"])), request_body = Import,
    params(IdempotencyKey),
    responses(
        (status = 200, body = ImportOut),
        (status = 403, description = "Your role does not allow this, or your plan allows fewer contacts: then none is imported", body = ProblemBody),
        (status = 413, description = "Larger than 3,000,000 bytes: send it in smaller parts", body = ProblemBody),
        (status = 422, description = "Every row is wrong; up to 20 reasons are named", body = ProblemBody),
    ))]
pub(crate) async fn import(
    State(app): State<App>,
    Allowed(permit): Allowed<ContactWriter>,
    Keyed(request, key): Keyed<Import>,
) -> Result<Json<ImportOut>, ProblemResponse> {
    let rows = rows(&request.contacts).await;
    let outcome = ops::contacts::import::import_contacts(&app.platform, &permit, rows, key).await?;
    Ok(Json(outcome.into()))
}

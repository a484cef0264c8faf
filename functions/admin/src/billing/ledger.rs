//! `GET /billing/ledger`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::billing::LedgerSeq;
use domain::problem::FieldError;
use domain::time::parse_instant;
use domain::{MessageId, Problem};
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse, Queried};
use ops::BillingReader;
use ops::billing::read::Filter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::billing::entry::EntryOut;

/// The part of the ledger that is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct LedgerQuery {
    /// Rows at most; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Recorded then or later.
    #[param(schema_with = schema::time_in_query)]
    from: Option<String>,
    /// Recorded before then.
    #[param(schema_with = schema::time_in_query)]
    to: Option<String>,
    /// `CREDIT` stands for everything that is not a debit.
    #[param(schema_with = schema::entry_group_in_query)]
    r#type: Option<String>,
    /// The debit of this message and its refund.
    #[param(value_type = Option<uuid::Uuid>)]
    message_id: Option<String>,
}

impl LedgerQuery {
    /// What is asked for, or every field that is wrong.
    fn read(self) -> Result<(Cursor<LedgerSeq>, Filter), Problem> {
        let mut wrong = Vec::new();
        let page = PageQuery { limit: self.limit, cursor: self.cursor };
        let cursor = page.cursor(&mut wrong);
        let filter = Filter {
            from: field("from", self.from.as_deref(), parse_instant, &mut wrong),
            to: field("to", self.to.as_deref(), parse_instant, &mut wrong),
            group: field("type", self.r#type.as_deref(), str::parse, &mut wrong),
            message: field("messageId", self.message_id.as_deref(), message_id, &mut wrong),
        };
        if wrong.is_empty() { Ok((cursor, filter)) } else { Err(Problem::invalid(wrong)) }
    }
}

fn message_id(text: &str) -> Result<MessageId, &'static str> {
    text.parse().map_err(|_text| "must be an id of a message")
}

/// A field that may be absent.
fn field<T, E: std::fmt::Display>(
    name: &str,
    text: Option<&str>,
    read: impl Fn(&str) -> Result<T, E>,
    wrong: &mut Vec<FieldError>,
) -> Option<T> {
    match read(text?) {
        Ok(value) => Some(value),
        Err(why) => {
            wrong.push(FieldError::new(name, why));
            None
        }
    }
}

/// The tenant's ledger, newest first.
///
/// Entries never change. The balance is the sum of all amounts. What became of a debit follows from its message and its refund.
/// A page may hold fewer entries than were asked for and name a next one: go on until there is no `nextCursor`.
#[utoipa::path(get, path = "/billing/ledger", operation_id = "listLedgerEntries", tag = "billing", security(("bearer" = ["billing:read"])), params(LedgerQuery), responses(
    (status = 200, body = Page<EntryOut>),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn ledger(
    State(app): State<App>,
    Allowed(permit): Allowed<BillingReader>,
    Queried(query): Queried<LedgerQuery>,
) -> Result<Json<Page<EntryOut>>, ProblemResponse> {
    let (cursor, filter) = query.read()?;
    let before = cursor.before.0;
    let found = ops::billing::read::entries(&app.platform, &permit, before, cursor.limit, filter).await?;
    Ok(Json(Page::until(&found.entries, found.next.map(LedgerSeq))))
}

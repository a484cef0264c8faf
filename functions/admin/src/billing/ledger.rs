//! `GET /billing/ledger`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::Money;
use domain::billing::{EntryKind, LedgerSeq};
use domain::messages::{DebitStatus, debit_status};
use http_kit::{Cursor, Page, PageQuery, ProblemBody, ProblemResponse};
use jiff::Timestamp;
use ops::Spender;
use ops::billing::read::Entry;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// One ledger entry. Entries never change; a debit's status follows from its message and its refund.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryOut {
    #[schema(value_type = schema::LedgerNumber)]
    seq: i64,
    #[schema(value_type = schema::EntryType)]
    r#type: &'static str,
    /// Of a credit.
    #[schema(value_type = Option<schema::CreditReason>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Of a debit.
    #[schema(value_type = Option<schema::DebitState>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<DebitStatus>,
    /// Negative for a debit.
    #[schema(value_type = schema::Amount)]
    amount: Money,
    #[schema(value_type = schema::Amount)]
    balance_after: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Uuid>,
    /// Of a refund: the number of the debit that it gives back.
    #[schema(value_type = Option<schema::LedgerNumber>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    refunds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[schema(value_type = schema::Time)]
    recorded_at: Timestamp,
}

impl From<&Entry> for EntryOut {
    fn from(entry: &Entry) -> Self {
        let is_debit = entry.kind == EntryKind::Debit;
        Self {
            seq: entry.seq,
            r#type: if is_debit { "DEBIT" } else { "CREDIT" },
            reason: (!is_debit).then(|| entry.kind.to_string()),
            status: is_debit.then(|| debit_status(entry.evidence, entry.is_refunded)),
            amount: entry.amount,
            balance_after: entry.balance_after,
            message_id: entry.message_id.map(|id| id.0),
            refunds: entry.debit_seq,
            description: entry.note.clone(),
            recorded_at: entry.recorded_at,
        }
    }
}

/// The tenant's ledger, newest first.
///
/// Entries never change. The balance is the sum of all amounts. What became of a debit follows from its message and its refund.
#[utoipa::path(get, path = "/billing/ledger", operation_id = "listLedgerEntries", tag = "billing", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<EntryOut>),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn ledger(
    State(app): State<App>,
    Allowed(permit): Allowed<Spender>,
    cursor: Cursor<LedgerSeq>,
) -> Result<Json<Page<EntryOut>>, ProblemResponse> {
    let entries = ops::billing::read::entries(&app.platform, &permit, cursor.before.0, cursor.limit).await?;
    Ok(Json(Page::of(&entries, cursor.limit, |entry| LedgerSeq(entry.seq))))
}

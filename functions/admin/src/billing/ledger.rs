//! `GET /billing/ledger`

use api::{Allowed, App};
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
    /// Its number in the tenant's ledger, without gaps.
    seq: i64,
    /// `DEBIT` or `CREDIT`.
    r#type: &'static str,
    /// Of a credit: `TOPUP`, `REFUND` or `ADJUSTMENT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Of a debit: `PENDING`, `SETTLED` or `REFUNDED`.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<DebitStatus>,
    /// Negative for a debit.
    #[schema(value_type = f64)]
    amount: Money,
    #[schema(value_type = f64)]
    balance_after: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Uuid>,
    /// Of a refund: the number of the debit that it gives back.
    #[serde(skip_serializing_if = "Option::is_none")]
    refunds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[schema(value_type = String, format = DateTime)]
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
#[utoipa::path(get, path = "/billing/ledger", tag = "billing", security(("bearer" = [])), params(PageQuery), responses(
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

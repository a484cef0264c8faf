//! A ledger entry as it is answered.

use api::schema;
use domain::Money;
use domain::billing::EntryKind;
use domain::messages::{DebitStatus, debit_status};
use jiff::Timestamp;
use ops::billing::read::{Entry, ListedEntry};
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
    /// Of a debit, in the list of the ledger.
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
    /// Of an adjustment: the number of the entry that it corrects.
    #[schema(value_type = Option<schema::LedgerNumber>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[schema(value_type = schema::Time)]
    recorded_at: Timestamp,
}

/// `DEBIT` or `CREDIT`.
pub(crate) fn type_of(kind: EntryKind) -> &'static str {
    if kind == EntryKind::Debit { "DEBIT" } else { "CREDIT" }
}

/// What a credit is for.
pub(crate) fn reason_of(kind: EntryKind) -> Option<&'static str> {
    (kind != EntryKind::Debit).then(|| kind.as_str())
}

impl From<&Entry> for EntryOut {
    fn from(entry: &Entry) -> Self {
        let is_adjustment = entry.kind == EntryKind::Adjustment;
        Self {
            seq: entry.seq,
            r#type: type_of(entry.kind),
            reason: reason_of(entry.kind).map(str::to_owned),
            status: None,
            amount: entry.amount,
            balance_after: entry.balance_after,
            message_id: entry.message_id.map(|id| id.0),
            refunds: entry.debit_seq.filter(|_| !is_adjustment),
            corrects: entry.debit_seq.filter(|_| is_adjustment),
            description: entry.note.clone(),
            recorded_at: entry.recorded_at,
        }
    }
}

impl From<&ListedEntry> for EntryOut {
    fn from(listed: &ListedEntry) -> Self {
        let is_debit = listed.entry.kind == EntryKind::Debit;
        let status = is_debit.then(|| debit_status(listed.evidence, listed.is_refunded));
        Self { status, ..Self::from(&listed.entry) }
    }
}

//! Credit in, and where it went.

use axum::Json;
use axum::extract::State;
use domain::messages::{DebitStatus, debit_status};
use domain::{Money, TenantId};
use http_kit::{Allowed, App, Body, Cursor, IdempotencyKey, Page, PageQuery, Problem, ProblemBody};
use jiff::Timestamp;
use ops::billing::add_credits::Credit;
use ops::{Spender, SuperAdmin};
use serde::{Deserialize, Serialize};
use store::billing::ledger::Entry;
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct AddCredits {
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    /// More than 0, up to six decimals.
    #[schema(value_type = f64, example = 100.00)]
    amount: Money,
    #[schema(example = "Initial top-up")]
    #[serde(default)]
    description: Option<String>,
    /// Or the header `Idempotency-Key`; one of them is needed.
    #[schema(example = "invoice-2026-0001")]
    #[serde(default)]
    idempotency_key: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreditView {
    tenant_id: Uuid,
    /// The entry's number in the tenant's ledger.
    seq: i64,
    #[schema(value_type = f64, example = 100.00)]
    amount: Money,
    #[schema(value_type = f64, example = 100.00)]
    balance: Money,
}

/// Books credit for a tenant, once per key. Needs the role `SUPER_ADMIN`.
#[utoipa::path(post, path = "/billing/add-credits", tag = "billing", security(("bearer" = [])), request_body = AddCredits,
    params(IdempotencyKey),
    responses(
        (status = 200, body = CreditView),
        (status = 403, body = ProblemBody),
        (status = 404, description = "No such tenant", body = ProblemBody),
        (status = 409, description = "The same request is still running", body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn add_credits(
    State(app): State<App>,
    Allowed(by): Allowed<SuperAdmin>,
    key: IdempotencyKey,
    Body(mut asked): Body<AddCredits>,
) -> Result<Json<CreditView>, Problem> {
    let in_body = asked.idempotency_key.take();
    let key = key.with_body(in_body.as_deref(), by.tenant(), "add_credits", &asked)?;
    let key = key.ok_or_else(|| {
        Problem::field("idempotencyKey", "is needed, here or as the Idempotency-Key header")
    })?;
    let AddCredits { tenant_id, amount, description, idempotency_key: _ } = asked;
    let credit = Credit { tenant: tenant_id, amount, description };
    let booked = ops::billing::add_credits::add_credits(&app.platform, &by, credit, key).await?;
    Ok(Json(CreditView { tenant_id: tenant_id.0, seq: booked.seq, amount, balance: booked.balance }))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct BalanceView {
    #[schema(value_type = f64, example = 99.99)]
    balance: Money,
}

/// What the tenant has.
#[utoipa::path(get, path = "/billing/balance", tag = "billing", security(("bearer" = [])), responses(
    (status = 200, body = BalanceView),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn balance(
    State(app): State<App>,
    Allowed(by): Allowed<Spender>,
) -> Result<Json<BalanceView>, Problem> {
    Ok(Json(BalanceView { balance: ops::billing::read::balance(&app.platform, &by).await? }))
}

/// One ledger entry. Entries never change; a debit's status follows from its message and its refund.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryView {
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

fn view(entry: &Entry) -> EntryView {
    let is_debit = entry.kind == "DEBIT";
    EntryView {
        seq: entry.seq,
        r#type: if is_debit { "DEBIT" } else { "CREDIT" },
        reason: (!is_debit).then(|| entry.kind.clone()),
        status: is_debit.then(|| debit_status(entry.evidence, entry.is_refunded)),
        amount: entry.amount,
        balance_after: entry.balance_after,
        message_id: entry.message_id.map(|id| id.0),
        refunds: entry.debit_seq,
        description: entry.note.clone(),
        recorded_at: entry.recorded_at,
    }
}

/// The tenant's ledger, newest first.
#[utoipa::path(get, path = "/billing/ledger", tag = "billing", security(("bearer" = [])), params(PageQuery), responses(
    (status = 200, body = Page<EntryView>),
    (status = 403, body = ProblemBody),
))]
pub(crate) async fn ledger(
    State(app): State<App>,
    Allowed(by): Allowed<Spender>,
    cursor: Cursor<i64>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let entries = ops::billing::read::entries(&app.platform, &by, cursor.before, cursor.limit).await?;
    Ok(Json(Page::of(&entries, cursor.limit, |entry| entry.seq, view)))
}

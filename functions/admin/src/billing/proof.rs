//! `GET /billing/ledger/proof`

use api::{Allowed, App, schema};
use axum::Json;
use axum::extract::State;
use domain::billing::{BlockEntry, SealNumber};
use domain::{Money, Problem};
use http_kit::{PageQuery, ProblemBody, ProblemResponse, Queried, page};
use jiff::Timestamp;
use ops::BillingReader;
use ops::billing::proof::Proof;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProofQuery {
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A hash over the entries of a block and over the seal before it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SealOut {
    number: i64,
    #[schema(value_type = schema::LedgerNumber)]
    first_seq: i64,
    #[schema(value_type = schema::LedgerNumber)]
    last_seq: i64,
    #[schema(value_type = schema::Sha256)]
    hash: String,
}

/// What of an entry is sealed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SealedEntryOut {
    #[schema(value_type = schema::LedgerNumber)]
    seq: i64,
    #[schema(value_type = schema::EntryKindWord)]
    kind: &'static str,
    #[schema(value_type = schema::Amount)]
    amount: Money,
    #[schema(value_type = schema::Amount)]
    balance_after: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<Uuid>,
    #[schema(value_type = Option<schema::LedgerNumber>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    debit_seq: Option<i64>,
    #[schema(value_type = schema::Time)]
    recorded_at: Timestamp,
}

impl From<&BlockEntry> for SealedEntryOut {
    fn from(entry: &BlockEntry) -> Self {
        Self {
            seq: entry.seq,
            kind: entry.kind.as_str(),
            amount: entry.amount,
            balance_after: entry.balance_after,
            message_id: entry.message_id.map(|id| id.0),
            debit_seq: entry.debit_seq,
            recorded_at: entry.recorded_at,
        }
    }
}

/// A page of the proof that a ledger was not changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProofOut {
    tenant_id: Uuid,
    /// Oldest first.
    seals: Vec<SealOut>,
    /// Every entry that these seals cover, oldest first.
    entries: Vec<SealedEntryOut>,
    /// Pass it as `cursor` to get the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl From<Proof> for ProofOut {
    fn from(proof: Proof) -> Self {
        let seals = proof.seals.iter().map(|seal| SealOut {
            number: seal.number,
            first_seq: seal.first_seq,
            last_seq: seal.last_seq,
            hash: seal.hash.to_string(),
        });
        Self {
            tenant_id: proof.tenant.0,
            seals: seals.collect(),
            entries: proof.entries.iter().map(SealedEntryOut::from).collect(),
            next_cursor: proof.next.map(|number| page::encode(SealNumber(number))),
        }
    }
}

/// The proof that the tenant's ledger was not changed.
///
/// Entries are sealed about a minute after they were booked. Add every page to one file, and `tidings verify-ledger` checks it
/// without the platform: that no entry was changed, left out or moved, and that the entries add up. Keep the last hash: it is in
/// every later proof, so that an exchange of the whole ledger is found.
#[utoipa::path(get, path = "/billing/ledger/proof", operation_id = "getLedgerProof", tag = "billing", security(("bearer" = ["billing:read"])), params(ProofQuery), responses(
    (status = 200, body = ProofOut),
    (status = 403, body = ProblemBody),
    (status = 422, body = ProblemBody),
))]
pub(crate) async fn proof(
    State(app): State<App>,
    Allowed(permit): Allowed<BillingReader>,
    Queried(query): Queried<ProofQuery>,
) -> Result<Json<ProofOut>, ProblemResponse> {
    let mut wrong = Vec::new();
    let cursor = PageQuery { limit: None, cursor: query.cursor }.cursor::<SealNumber>(&mut wrong);
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong).into());
    }
    Ok(Json(ops::billing::proof::proof(&app.platform, &permit, cursor.before.0).await?.into()))
}

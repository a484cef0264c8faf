//! Corrections of ledgers, as they are answered.

use api::schema;
use domain::{AdjustmentId, Money, TenantId, UserId};
use jiff::Timestamp;
use ops::billing::adjustments::Adjustment;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) mod adjust;
pub(crate) mod decide;
pub(crate) mod list;

/// A correction of a tenant's ledger, and what became of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdjustmentOut {
    #[schema(value_type = Uuid)]
    id: AdjustmentId,
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    /// Negative when it takes money from the tenant.
    #[schema(value_type = schema::Amount)]
    amount: Money,
    reason: String,
    /// The number of the entry that it corrects.
    #[schema(value_type = Option<schema::LedgerNumber>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects_seq: Option<i64>,
    #[schema(value_type = schema::AdjustmentWord)]
    state: &'static str,
    #[schema(value_type = Uuid)]
    requested_by: UserId,
    #[schema(value_type = schema::Time)]
    requested_at: Timestamp,
    /// Until when a second person can approve it.
    #[schema(value_type = schema::Time)]
    expires_at: Timestamp,
    /// Who approved or rejected it.
    #[schema(value_type = Option<Uuid>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<UserId>,
    #[schema(value_type = Option<schema::Time>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Timestamp>,
    /// The number of the entry that it became.
    #[schema(value_type = Option<schema::LedgerNumber>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<i64>,
}

impl From<&Adjustment> for AdjustmentOut {
    fn from(adjustment: &Adjustment) -> Self {
        Self {
            id: adjustment.adjustment_id,
            tenant_id: adjustment.tenant_id,
            amount: adjustment.amount,
            reason: adjustment.reason.clone(),
            corrects_seq: adjustment.corrects_seq,
            state: adjustment.state.as_str(),
            requested_by: adjustment.requested_by,
            requested_at: adjustment.requested_at,
            expires_at: adjustment.expires_at,
            decided_by: adjustment.decided_by,
            decided_at: adjustment.decided_at,
            seq: adjustment.entry_seq,
        }
    }
}

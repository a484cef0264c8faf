//! An operator stops a tenant or one of its numbers, and lets it go again. Nothing is debited or cancelled meanwhile.

use domain::TenantId;
use domain::holds::{HoldReason, HoldTarget};
use serde::Serialize;
use serde_json::json;
use store::audit_log::{self, NewEntry};
use store::whatsapp::numbers;
use store::{SystemTx, TenantTx, holds};

use crate::operators::{OperatorError, Order, found};

/// Whether the tenant or number is on hold by an operator now, and whether the command changed that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    pub tenant_id: TenantId,
    /// What the command was about: a kind and an id.
    pub target: String,
    pub is_paused: bool,
    /// Nothing when it was so before. After a resumption, what was held goes on within a minute.
    pub is_changed: bool,
}

pub(super) async fn pause(tx: &SystemTx, order: &Order) -> Result<Held, OperatorError> {
    let (tx, target) = target(tx, order).await?;
    let is_changed = holds::place(&tx, &target, HoldReason::Operator, &order.given.reason, None).await?;
    record(&tx, order, &target, (true, is_changed)).await
}

pub(super) async fn resume(tx: &SystemTx, order: &Order) -> Result<Held, OperatorError> {
    let (tx, target) = target(tx, order).await?;
    let is_changed = holds::lift(&tx, &target, HoldReason::Operator).await?;
    record(&tx, order, &target, (false, is_changed)).await
}

async fn target(tx: &SystemTx, order: &Order) -> Result<(TenantTx, HoldTarget), OperatorError> {
    let tx = tx.as_tenant(found(tx, &order.tenant).await?);
    let Some(number) = &order.number else { return Ok((tx, HoldTarget::Tenant)) };
    if numbers::list(&tx).await?.iter().all(|known| known.phone_number_id != *number) {
        return Err(OperatorError::NoNumber(number.clone()));
    }
    Ok((tx, HoldTarget::Number(number.clone())))
}

async fn record(
    tx: &TenantTx,
    order: &Order,
    target: &HoldTarget,
    (is_paused, is_changed): (bool, bool),
) -> Result<Held, OperatorError> {
    let (kind, key) = target.parts();
    let key = if key.is_empty() { tx.tenant().to_string() } else { key };
    let target = format!("{}:{key}", kind.to_lowercase());
    let entry = NewEntry {
        action: if is_paused { "operator.pause" } else { "operator.resume" },
        subject: target.clone(),
        source: Some(&order.given.by),
        detail: json!({ "reason": order.given.reason, "isChanged": is_changed }),
    };
    audit_log::append(tx, &entry).await?;
    Ok(Held { tenant_id: tx.tenant(), target, is_paused, is_changed })
}

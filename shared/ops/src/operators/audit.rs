//! The invariants of money and messages, over all tenants.

use std::time::Duration;

use serde::Serialize;
use store::operators::audit::{self, Finding, Sums};
use store::{StoreError, SystemTx};

/// The queries read whole tables. The function has nine minutes.
const LIMIT: Duration = Duration::from_mins(8);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    pub is_clean: bool,
    pub findings: Vec<Finding>,
    pub sums: Sums,
}

pub(super) async fn run(tx: &SystemTx, at_rest: bool) -> Result<AuditReport, StoreError> {
    audit::allow(tx, LIMIT).await?;
    let findings = audit::findings(tx, at_rest).await?;
    let is_clean = findings.iter().all(|finding| finding.violations == 0);
    Ok(AuditReport { is_clean, findings, sums: audit::sums(tx).await? })
}

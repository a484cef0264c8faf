//! What a tenant has set up of what sending needs.

use crate::kernel::error::StoreError;
use crate::kernel::tx::{TenantTx, params};

/// What there is.
#[expect(clippy::struct_excessive_bools, reason = "each is about another thing")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetUp {
    /// Whether one of the owners has proved the e-mail address.
    pub has_proven_email: bool,
    pub has_number: bool,
    /// Whether one of the numbers can send: its account is not paused.
    pub has_open_number: bool,
    /// Whether anything came from Meta's webhooks for this tenant.
    pub has_heard: bool,
    pub has_template: bool,
    pub has_approved_template: bool,
    pub has_rejected_template: bool,
    pub has_credit: bool,
    pub has_delivered: bool,
}

pub(crate) const STATEMENTS: &[&str] = &[READ];

// The statuses are delivered and read, as in `migrations/V3__messaging.sql`. A tenant that sends has one among its first.
const READ: &str = "-- onboarding::read
SELECT EXISTS (SELECT FROM users WHERE tenant_id = $1 AND role = 'OWNER' AND email_proven_at IS NOT NULL) AS has_proven_email,
       EXISTS (SELECT FROM phone_numbers WHERE tenant_id = $1) AS has_number,
       EXISTS (SELECT FROM phone_numbers n JOIN whatsapp_accounts a USING (tenant_id, waba_id)
                WHERE n.tenant_id = $1 AND a.paused_reason IS NULL) AS has_open_number,
       EXISTS (SELECT FROM sender_leases WHERE tenant_id = $1 AND heard_at IS NOT NULL)
         OR EXISTS (SELECT FROM whatsapp_accounts WHERE tenant_id = $1 AND standing_said_at IS NOT NULL)
         OR EXISTS (SELECT FROM templates WHERE tenant_id = $1 AND coalesce(status_said_at, category_said_at) IS NOT NULL) AS has_heard,
       EXISTS (SELECT FROM templates WHERE tenant_id = $1) AS has_template,
       EXISTS (SELECT FROM templates WHERE tenant_id = $1 AND status = 'APPROVED') AS has_approved_template,
       EXISTS (SELECT FROM templates WHERE tenant_id = $1 AND status = 'REJECTED') AS has_rejected_template,
       EXISTS (SELECT FROM wallets WHERE tenant_id = $1 AND balance > reserved) AS has_credit,
       EXISTS (SELECT FROM statuses WHERE tenant_id = $1 AND status IN (2, 4)) AS has_delivered";

/// What the tenant has set up.
pub async fn read(tx: &TenantTx) -> Result<SetUp, StoreError> {
    let row = tx.row(READ, params![tx.tenant().0 => UUID]).await?;
    Ok(row.map_or_else(SetUp::default, |row| SetUp {
        has_proven_email: row.get("has_proven_email"),
        has_number: row.get("has_number"),
        has_open_number: row.get("has_open_number"),
        has_heard: row.get("has_heard"),
        has_template: row.get("has_template"),
        has_approved_template: row.get("has_approved_template"),
        has_rejected_template: row.get("has_rejected_template"),
        has_credit: row.get("has_credit"),
        has_delivered: row.get("has_delivered"),
    }))
}

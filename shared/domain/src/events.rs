//! Domain events: facts that other systems may subscribe to, published through an outbox after the transaction that
//! caused them.

use serde::{Deserialize, Serialize};

use crate::{TenantId, UserId};

/// Something that happened to a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum DomainEvent {
    /// The platform's owner created a tenant; its owner is to be welcomed with a link to set a password.
    ///
    /// The link's secret is not in here: the mailer makes it when it writes, so that no queue ever holds one (I29).
    TenantProvisioned {
        tenant_id: TenantId,
        user_id: UserId,
        /// Where to write to.
        email: String,
        tenant_name: String,
    },
}

impl DomainEvent {
    /// The event's name on the bus.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TenantProvisioned { .. } => "TenantProvisioned",
        }
    }

    /// Whom it happened to.
    pub const fn tenant(&self) -> TenantId {
        match self {
            Self::TenantProvisioned { tenant_id, .. } => *tenant_id,
        }
    }
}

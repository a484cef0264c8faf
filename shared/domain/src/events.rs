//! Domain events: facts that other systems may subscribe to, published through an outbox after the transaction that
//! caused them.
//!
//! Their JSON is a contract with subscribers and with rows of the outbox: a field may be added, never renamed.

use serde::{Deserialize, Serialize};

use crate::money::as_text;
use crate::{EmailId, Money, TenantId, TenantState, UserId, WabaId};

/// Something that happened to a tenant.
///
/// An event that invites a person does not hold the link's secret: the mailer makes it when it writes the e-mail, so that
/// no queue ever holds one (I29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum DomainEvent {
    /// The platform's owner created a tenant; the tenant's owner is to be welcomed with a link to set a password.
    TenantProvisioned {
        tenant_id: TenantId,
        user_id: UserId,
        email: String,
        tenant_name: String,
        /// The e-mail's row; absent in an event of the version before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_id: Option<EmailId>,
    },
    /// A person got a user without a password and is to be sent a link to set one.
    UserInvited {
        tenant_id: TenantId,
        user_id: UserId,
        email: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_id: Option<EmailId>,
    },
    /// An e-mail is to be sent; its row says to whom and what about.
    EmailQueued { tenant_id: TenantId, email_id: EmailId },
    /// Nothing is sent through a WhatsApp account until it is connected again; the reason says why.
    WhatsappPaused { tenant_id: TenantId, waba_id: WabaId, reason: String },
    /// A debit took the balance below an amount that the tenant named: once, until a person books credit that brings it back.
    /// When one debit passes several of them, it is the lowest.
    BalanceLow {
        tenant_id: TenantId,
        #[serde(with = "as_text")]
        threshold: Money,
        /// What could still be spent after that debit.
        #[serde(with = "as_text")]
        balance: Money,
    },
    /// A tenant is in another state; its owners are told when it concerns what they may do. The reason is the one that was
    /// given for the change.
    TenantStateChanged { tenant_id: TenantId, before: TenantState, after: TenantState, reason: String },
}

impl DomainEvent {
    /// The names of all events on the bus.
    pub const NAMES: [&'static str; 6] = [
        "TenantProvisioned",
        "UserInvited",
        "EmailQueued",
        "WhatsappPaused",
        "BalanceLow",
        "TenantStateChanged",
    ];

    /// The event's name on the bus.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TenantProvisioned { .. } => "TenantProvisioned",
            Self::UserInvited { .. } => "UserInvited",
            Self::EmailQueued { .. } => "EmailQueued",
            Self::WhatsappPaused { .. } => "WhatsappPaused",
            Self::BalanceLow { .. } => "BalanceLow",
            Self::TenantStateChanged { .. } => "TenantStateChanged",
        }
    }

    pub const fn tenant(&self) -> TenantId {
        match self {
            Self::TenantProvisioned { tenant_id, .. }
            | Self::UserInvited { tenant_id, .. }
            | Self::EmailQueued { tenant_id, .. }
            | Self::WhatsappPaused { tenant_id, .. }
            | Self::BalanceLow { tenant_id, .. }
            | Self::TenantStateChanged { tenant_id, .. } => *tenant_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_that_were_written_before_are_still_read_and_written_the_same_way() {
        for (json, name) in [
            (
                r#"{"type":"TenantProvisioned","tenantId":"0190163d-8694-739b-aea5-966c26f8ad91","userId":"0190163d-8694-739b-aea5-966c26f8ad92","email":"ivy@invited.test","tenantName":"Invited"}"#,
                "TenantProvisioned",
            ),
            (
                r#"{"type":"UserInvited","tenantId":"0190163d-8694-739b-aea5-966c26f8ad91","userId":"0190163d-8694-739b-aea5-966c26f8ad92","email":"ivy@invited.test"}"#,
                "UserInvited",
            ),
            (
                r#"{"type":"UserInvited","tenantId":"0190163d-8694-739b-aea5-966c26f8ad91","userId":"0190163d-8694-739b-aea5-966c26f8ad92","email":"ivy@invited.test","emailId":"0190163d-8694-739b-aea5-966c26f8ad93"}"#,
                "UserInvited",
            ),
            (
                r#"{"type":"EmailQueued","tenantId":"0190163d-8694-739b-aea5-966c26f8ad91","emailId":"0190163d-8694-739b-aea5-966c26f8ad93"}"#,
                "EmailQueued",
            ),
            (
                r#"{"type":"WhatsappPaused","tenantId":"0190163d-8694-739b-aea5-966c26f8ad91","wabaId":"1001","reason":"190 expired"}"#,
                "WhatsappPaused",
            ),
            (
                r#"{"type":"BalanceLow","tenantId":"0190163d-8694-739b-aea5-966c26f8ad91","threshold":"50.00","balance":"49.988"}"#,
                "BalanceLow",
            ),
            (
                r#"{"type":"TenantStateChanged","tenantId":"0190163d-8694-739b-aea5-966c26f8ad91","before":"ACTIVE","after":"SUSPENDED","reason":"unpaid"}"#,
                "TenantStateChanged",
            ),
        ] {
            let event: DomainEvent = serde_json::from_str(json).unwrap();
            assert_eq!(event.name(), name);
            assert!(DomainEvent::NAMES.contains(&name));
            assert_eq!(event.tenant().to_string(), "0190163d-8694-739b-aea5-966c26f8ad91");
            assert_eq!(serde_json::to_string(&event).unwrap(), json);
        }
    }
}

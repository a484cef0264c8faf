//! Why something is not sent for now. What may go later is held, not cancelled: nothing is debited, and it goes when the
//! hold is lifted.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::{CampaignId, ContactId, PhoneNumberId, TemplateId, WabaId};

/// What is on hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HoldTarget {
    /// Everything of the tenant.
    Tenant,
    /// A WhatsApp Business account, by Meta's id.
    Account(WabaId),
    Number(PhoneNumberId),
    Template(TemplateId),
    Campaign(CampaignId),
    Contact(ContactId),
}

impl HoldTarget {
    /// The kinds, as stored.
    pub const KINDS: [&str; 6] = ["TENANT", "ACCOUNT", "NUMBER", "TEMPLATE", "CAMPAIGN", "CONTACT"];

    /// As stored: the kind, and what is held within it.
    pub fn parts(&self) -> (&'static str, String) {
        match self {
            Self::Tenant => ("TENANT", String::new()),
            Self::Account(waba_id) => ("ACCOUNT", waba_id.0.clone()),
            Self::Number(number) => ("NUMBER", number.0.clone()),
            Self::Template(template) => ("TEMPLATE", template.to_string()),
            Self::Campaign(campaign) => ("CAMPAIGN", campaign.to_string()),
            Self::Contact(contact) => ("CONTACT", contact.to_string()),
        }
    }
}

/// Why. Several reasons may hold the same thing; it goes on when the last of them is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// A person stopped it.
    User,
    Funds,
    /// Meta does not let the template be sent.
    Template,
    /// It costs more than was agreed to.
    Price,
    /// Meta rates the number too low.
    Quality,
    /// Meta refuses the account or its token.
    Account,
    ErrorRate,
    PlanLimit,
    /// The tenant is suspended.
    Tenant,
    /// Its time has passed.
    Late,
    /// The platform's operator stopped it.
    Operator,
    /// No owner of the tenant has proved an e-mail address.
    Email,
}

impl HoldReason {
    pub const ALL: [Self; 12] = [
        Self::User,
        Self::Funds,
        Self::Template,
        Self::Price,
        Self::Quality,
        Self::Account,
        Self::ErrorRate,
        Self::PlanLimit,
        Self::Tenant,
        Self::Late,
        Self::Operator,
        Self::Email,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "USER",
            Self::Funds => "FUNDS",
            Self::Template => "TEMPLATE",
            Self::Price => "PRICE",
            Self::Quality => "QUALITY",
            Self::Account => "ACCOUNT",
            Self::ErrorRate => "ERROR_RATE",
            Self::PlanLimit => "PLAN_LIMIT",
            Self::Tenant => "TENANT",
            Self::Late => "LATE",
            Self::Operator => "OPERATOR",
            Self::Email => "EMAIL",
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HoldReason {
    type Err = UnknownReason;
    fn from_str(text: &str) -> Result<Self, UnknownReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text).ok_or(UnknownReason)
    }
}

/// A stored word that is not a hold reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a hold reason")]
pub struct UnknownReason;

/// A hold as a tenant sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// What is on hold, such as `TEMPLATE`.
    pub kind: String,
    pub reason: HoldReason,
    /// In words, such as Meta's status of the template.
    pub detail: String,
    pub since: Timestamp,
    /// When it ends by itself, if it does.
    pub resumes_at: Option<Timestamp>,
}

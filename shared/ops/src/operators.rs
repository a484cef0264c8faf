//! What the platform's operator does, on AWS through the function that migrates and on one machine by a command. Every
//! command leaves an entry in the audit log, also one that only looks.

mod audit;
mod hold;
mod look;

use domain::{ContactId, PhoneNumberId, SystemAct, UserId};
use serde::{Deserialize, Serialize};
use store::audit_log::{self, NewEntry};
use store::operators::look as rows;
use store::{Store, StoreError, SystemOperation, SystemTx};
use thiserror::Error;

pub use self::audit::AuditReport;
pub use self::hold::Held;
pub use self::look::{MessageReport, TenantReport, WhyReport};
use crate::kernel::cipher::TokenCipher;
use crate::privacy::erase::{self, Erased};
use crate::tenants::owner::{self, OwnerError};

/// One command, as it is invoked: `{"command": "pause", "tenant": "acme", "by": "ada", "reason": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Command {
    /// Checks the invariants of money and messages, over all tenants.
    Audit {
        /// Nothing is being sent: also what holds only then.
        #[serde(default)]
        at_rest: bool,
    },
    /// One message: its way, its attempt, its statuses, its money.
    Message { id: String },
    /// Why a message stands where it stands, and what to do.
    Why { id: String },
    /// One tenant: its plan, money, numbers and holds.
    Tenant { tenant: String },
    /// Stops sending for a tenant, or from one of its numbers.
    Pause(Order),
    /// Ends that.
    Resume(Order),
    /// Erases a person.
    Erase {
        tenant: String,
        contact: ContactId,
        #[serde(flatten)]
        given: Given,
    },
    /// Invites one more super admin, who chooses a password through a link in an e-mail.
    InviteSuperAdmin {
        email: Address,
        #[serde(flatten)]
        given: Given,
    },
}

/// An e-mail address, which no log shows.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Address(pub String);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address")
    }
}

/// What is paused or resumed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// The tenant's slug or id.
    pub tenant: String,
    /// One of its numbers, by Meta's id; all of the tenant without it.
    #[serde(default)]
    pub number: Option<PhoneNumberId>,
    #[serde(flatten)]
    pub given: Given,
}

/// Who gives a command that changes something, and why: both stand in the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Given {
    /// The operator's name.
    pub by: String,
    pub reason: String,
}

/// What a command found, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Audit(AuditReport),
    Message(Box<MessageReport>),
    Why(WhyReport),
    Tenant(Box<TenantReport>),
    Held(Held),
    Erased(Erased),
    Invited(Invited),
}

/// A super admin who was invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    pub user_id: UserId,
    /// Whether a link will be mailed, with the next sweep: none to a super admin who has a password.
    pub is_link_mailed: bool,
}

#[derive(Debug, Error)]
pub enum OperatorError {
    #[error("no tenant has the slug or the id {0:?}")]
    NoTenant(String),
    #[error("no message has the id {0:?}; give our id of the message, or Meta's (wamid)")]
    NoMessage(String),
    #[error("the tenant has no number with Meta's id {0}; the command `tenant` lists its numbers")]
    NoNumber(PhoneNumberId),
    #[error("the tenant has no contact with the id {0}")]
    NoContact(ContactId),
    #[error("`by` and `reason` must say who orders this, and why: the audit log keeps both")]
    NoReason,
    #[error("the super admin could not be invited: {0}")]
    Invite(#[from] OwnerError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Command {
    /// Whether it needs the data keys.
    pub const fn needs_keys(&self) -> bool {
        matches!(self, Self::Erase { .. })
    }
}

/// Carries out a command.
pub async fn perform(
    store: &Store,
    cipher: &TokenCipher,
    act: &SystemAct,
    command: &Command,
) -> Result<Answer, OperatorError> {
    let given = match command {
        Command::Pause(Order { given, .. })
        | Command::Resume(Order { given, .. })
        | Command::Erase { given, .. }
        | Command::InviteSuperAdmin { given, .. } => Some(given),
        Command::Audit { .. } | Command::Message { .. } | Command::Why { .. } | Command::Tenant { .. } => {
            None
        }
    };
    if given.is_some_and(|given| given.by.trim().is_empty() || given.reason.trim().is_empty()) {
        return Err(OperatorError::NoReason);
    }
    let answer = store.perform_system(act, &Perform { command, cipher }).await?;
    tracing::info!(?command, "An operator's command was carried out.");
    Ok(answer)
}

struct Perform<'a> {
    command: &'a Command,
    cipher: &'a TokenCipher,
}

impl SystemOperation for Perform<'_> {
    const NAME: &'static str = "operator_command";
    type Done = Answer;
    type Error = OperatorError;

    async fn run(&self, tx: &SystemTx) -> Result<Answer, OperatorError> {
        match self.command {
            Command::Audit { at_rest } => {
                let report = audit::run(tx, *at_rest).await?;
                let detail = serde_json::json!({ "isClean": report.is_clean });
                let subject = "platform".to_owned();
                let entry = NewEntry::new("operator.audit", subject, detail);
                audit_log::append_of_platform(tx, &entry).await?;
                Ok(Answer::Audit(report))
            }
            Command::Message { id } => look::message(tx, id).await.map(Box::new).map(Answer::Message),
            Command::Why { id } => look::why(tx, id).await.map(Answer::Why),
            Command::Tenant { tenant } => look::tenant(tx, tenant).await.map(Box::new).map(Answer::Tenant),
            Command::Pause(order) => hold::pause(tx, order).await.map(Answer::Held),
            Command::Resume(order) => hold::resume(tx, order).await.map(Answer::Held),
            Command::Erase { tenant, contact, given } => {
                let tenant = found(tx, tenant).await?;
                let source = (given.by.as_str(), given.reason.as_str());
                let erased = erase::erase(tx, self.cipher, (tenant, *contact), source).await?;
                erased.map(Answer::Erased).ok_or(OperatorError::NoContact(*contact))
            }
            Command::InviteSuperAdmin { email, given } => invite(tx, email, given).await.map(Answer::Invited),
        }
    }
}

/// One more super admin. The entry of the audit log names the user and no address.
async fn invite(tx: &SystemTx, Address(email): &Address, given: &Given) -> Result<Invited, OperatorError> {
    let (user_id, is_link_mailed) = owner::invite_in(tx, email).await?;
    let entry = NewEntry {
        action: "operator.invite_super_admin",
        subject: format!("user:{user_id}"),
        source: Some(&given.by),
        detail: serde_json::json!({ "reason": given.reason, "isLinkMailed": is_link_mailed }),
    };
    audit_log::append_of_platform(tx, &entry).await?;
    Ok(Invited { user_id, is_link_mailed })
}

/// The tenant of a slug or an id.
async fn found(tx: &SystemTx, tenant: &str) -> Result<domain::TenantId, OperatorError> {
    rows::tenant(tx, tenant).await?.ok_or_else(|| OperatorError::NoTenant(tenant.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_they_are_invoked_and_a_member_that_is_not_known_is_refused() {
        let read = |json: &str| serde_json::from_str::<Command>(json).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"command":"audit"}"#), Ok(Command::Audit { at_rest: false }));
        let pause = read(r#"{"command":"pause","tenant":"acme","by":"ada","reason":"a complaint"}"#).unwrap();
        let given = Given { by: "ada".to_owned(), reason: "a complaint".to_owned() };
        let order = Order { tenant: "acme".to_owned(), number: None, given };
        assert_eq!(pause, Command::Pause(order));
        assert!(read(r#"{"command":"audit","atrest":true}"#).unwrap_err().contains("atrest"));
        assert!(read(r#"{"command":"pause","tenant":"acme"}"#).unwrap_err().contains("by"));
        assert!(read(r#"{"command":"halt"}"#).unwrap_err().contains("halt"));
    }

    #[test]
    fn a_command_is_logged_without_the_address_in_it() {
        let json = r#"{"command":"invite-super-admin","email":"eve@platform.test","by":"ada","reason":"two people"}"#;
        let command: Command = serde_json::from_str(json).unwrap();
        let logged = format!("{command:?}");
        assert!(logged.contains("InviteSuperAdmin") && !logged.contains("eve@"), "{logged}");
    }
}

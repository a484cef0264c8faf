//! Operators' commands on one machine: the words that are invoked on AWS, answered as tables.

mod show;

use domain::{ContactId, PhoneNumberId};
use ops::Platform;
use ops::operators::{self, Address, Answer, Command, Given, Order};

use crate::error::LocalError;
use crate::say::say;

#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    command: Words,
    /// Answer as JSON, as on AWS.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Words {
    /// Checks the invariants of money and messages.
    Audit {
        /// Nothing is being sent: also check what holds only then.
        #[arg(long)]
        at_rest: bool,
    },
    /// Shows a message: its way, its statuses, its money.
    Message {
        /// Our id of the message, or Meta's (wamid).
        id: String,
    },
    /// Says why a message stands where it stands, and what to do.
    Why {
        /// Our id of the message, or Meta's (wamid).
        id: String,
    },
    /// Shows a tenant: its plan, money, numbers and holds.
    Tenant {
        /// Its slug or id.
        tenant: String,
    },
    /// Stops sending for a tenant, or from one of its numbers.
    Pause(OrderWords),
    /// Ends that: what was held goes on within a minute.
    Resume(OrderWords),
    /// Erases a person for good; the ledger stays.
    Erase {
        /// The tenant's slug or id.
        tenant: String,
        /// The person's id among its contacts.
        contact: ContactId,
        #[command(flatten)]
        given: GivenWords,
    },
    /// Invites one more super admin, who gets an e-mail with a link to choose a password.
    InviteSuperAdmin {
        /// The address, which becomes the login.
        email: String,
        #[command(flatten)]
        given: GivenWords,
    },
}

#[derive(Clone, Debug, clap::Args)]
struct OrderWords {
    /// The tenant's slug or id.
    tenant: String,
    /// One of its numbers, by Meta's id.
    #[arg(long)]
    number: Option<String>,
    #[command(flatten)]
    given: GivenWords,
}

#[derive(Clone, Debug, clap::Args)]
struct GivenWords {
    /// Your name, for the audit log.
    #[arg(long)]
    by: String,
    /// Why, for the audit log.
    #[arg(long)]
    reason: String,
}

impl From<GivenWords> for Given {
    fn from(GivenWords { by, reason }: GivenWords) -> Self {
        Self { by, reason }
    }
}

impl From<OrderWords> for Order {
    fn from(OrderWords { tenant, number, given }: OrderWords) -> Self {
        Self { tenant, number: number.map(PhoneNumberId), given: given.into() }
    }
}

impl From<Words> for Command {
    fn from(words: Words) -> Self {
        match words {
            Words::Audit { at_rest } => Self::Audit { at_rest },
            Words::Message { id } => Self::Message { id },
            Words::Why { id } => Self::Why { id },
            Words::Tenant { tenant } => Self::Tenant { tenant },
            Words::Pause(order) => Self::Pause(order.into()),
            Words::Resume(order) => Self::Resume(order.into()),
            Words::Erase { tenant, contact, given } => Self::Erase { tenant, contact, given: given.into() },
            Words::InviteSuperAdmin { email, given } => {
                Self::InviteSuperAdmin { email: Address(email), given: given.into() }
            }
        }
    }
}

/// Carries out a command and prints its answer. An audit that finds something is a failure.
pub(crate) async fn run(platform: &Platform, options: Options) -> Result<(), LocalError> {
    let Options { command, json } = options;
    let (command, act) = (command.into(), platform.system());
    // On the heap, because it holds what every command needs.
    let answer = Box::pin(operators::perform(&platform.store, &platform.token_cipher, &act, &command))
        .await
        .map_err(|error| LocalError::Call(domain::with_causes(&error)))?;
    let unreadable = |error: serde_json::Error| LocalError::Call(error.to_string());
    let value = serde_json::to_value(&answer).map_err(unreadable)?;
    if json {
        say(serde_json::to_string_pretty(&value).map_err(unreadable)?);
    } else {
        say(show::tables(&value));
    }
    match answer {
        Answer::Audit(report) if !report.is_clean => {
            Err(LocalError::Call("the audit is not clean: stop sending before anything else".to_owned()))
        }
        _ => Ok(()),
    }
}

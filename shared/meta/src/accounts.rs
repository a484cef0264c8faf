//! What connecting an account takes and what Meta tells of it: [`token`]s, the [`account`] itself, its [`number`]s and
//! how they get onto the Cloud API ([`registration`]), who hears its webhooks ([`subscription`]), whether it may send
//! ([`health`]), and what else they may be written to by ([`username`]).

mod account;
mod health;
mod number;
mod registration;
mod subscription;
mod token;
mod username;

pub use account::{ACCOUNT_FIELDS, NewNumber, RemoteAccount, Side};
pub use health::{Availability, Health, HealthEntity, HealthProblem};
pub use number::{NUMBER_FIELDS, RemoteNumber, WebhookConfiguration};
pub use registration::{CodeMethod, SyncType};
pub use subscription::{AppSubscription, CallbackOverride, NewAppSubscription, SubscribedApp};
pub use token::{ExchangedToken, TokenError, TokenInfo};
pub use username::BusinessUsername;

//! WhatsApp Business accounts and what connecting one takes.
//!
//! [`Signup`] reads the result of Meta's login window; `token` exchanges codes and inspects tokens; `account` and
//! `number` read accounts and phone numbers; `registration` puts a number on the Cloud API; `subscription` decides
//! whether Meta sends us an account's webhooks; `health` asks whether something may send.

mod account;
mod health;
mod number;
mod registration;
mod signup;
mod subscription;
mod token;

pub use account::{ACCOUNT_FIELDS, RemoteAccount, Side};
pub use health::{Availability, Health, HealthEntity, HealthProblem};
pub use number::{NUMBER_FIELDS, RemoteNumber};
pub use signup::{NotASignup, Signup, SignupOutcome};
pub use subscription::SubscribedApp;
pub use token::{ExchangedToken, TokenError, TokenInfo};

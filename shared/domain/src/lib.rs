//! What is true in Tidings, independent of who asks and where it runs.
//!
//! Identities, money, phone numbers, markets, the three state machines of a message (dispatch, delivery status, ledger),
//! the types of domain events, and how an error is written into a log. No IO, no async, no SQL, no HTTP, no AWS:
//! everything here is a value or a pure function.
#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

pub mod access;
pub mod billing;
mod contacts;
pub mod events;
pub mod holds;
mod kernel;
pub mod messages;
pub mod templates;
pub mod updates;

pub use access::{Act, Actor, Role, SystemAct};
pub use billing::Market;
pub use kernel::clock::Clock;
pub use kernel::id::{
    ApiKeyId, AttemptId, CampaignId, ClaimId, ContactId, MessageId, PhoneNumberId, TemplateId, TenantId,
    UserId, Wamid,
};
pub use kernel::money::Money;
pub use kernel::page::PagePosition;
pub use kernel::phone::PhoneNumber;
pub use kernel::problem::Problem;
pub use kernel::{limits, money, phone, problem, time, with_causes};
pub use messages::Batch;
pub use templates::Category;

//! What is true in Tidings, whoever asks and wherever it runs.
//!
//! Identities, money, phone numbers, markets, the three machines of a message (dispatch, delivery evidence, ledger)
//! the words of its events, and how an error is told. No IO, no async, no SQL, no HTTP, no AWS: everything here is a value or a pure function,
//! and every branch that decides about money or about sending stands here and nowhere else.
#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

pub mod batch;
mod causes;
pub mod clock;
pub mod event;
pub mod id;
pub mod limits;
pub mod market;
mod market_prefixes;
pub mod message;
pub mod money;
pub mod phone;
pub mod role;
pub mod template;
pub mod time;
pub mod update;

pub use batch::Batch;
pub use causes::with_causes;
pub use clock::Clock;
pub use id::{AttemptId, ClaimId, ContactId, MessageId, PhoneNumberId, TemplateId, TenantId, UserId, Wamid};
pub use market::Market;
pub use money::Money;
pub use phone::PhoneNumber;
pub use role::Role;
pub use template::Category;

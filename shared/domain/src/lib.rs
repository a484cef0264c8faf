//! The rules of Tidings, independent of who calls and where it runs.
//!
//! Ids, money, phone numbers, markets and prices, the three state machines of a message (dispatch, delivery status,
//! ledger), the types of domain events, and how an error is written to a log. No IO, no async, no SQL, no HTTP, no AWS:
//! everything here is a value or a pure function. Where a rule is also written in SQL, because one statement has to
//! decide about many rows, a test compares the two: the price, and the words of every closed set.
#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

pub mod access;
pub mod billing;
pub mod contacts;
pub mod events;
pub mod holds;
mod kernel;
pub mod messages;
pub mod templates;
pub mod tenants;
pub mod updates;

pub use access::{Act, Actor, Role, SystemAct};
pub use billing::Market;
pub use kernel::clock::Clock;
pub use kernel::day::{Day, NotADay};
pub use kernel::id::{
    AdjustmentId, ApiKeyId, AttemptId, AuditEntryId, CampaignId, ClaimId, ContactId, EmailId, EventId,
    InvitationId, LeaseId, MessageId, MetaId, NotAMetaId, PhoneNumberId, PlanId, QueueMessageId, RateCardId,
    SessionId, TemplateId, TenantId, UserId, WabaId, Wamid,
};
pub use kernel::money::Money;
pub use kernel::month::{Month, NotAMonth};
pub use kernel::page::PagePosition;
pub use kernel::phone::PhoneNumber;
pub use kernel::problem::Problem;
pub use kernel::timer::{Timer, TimerKind};
pub use kernel::{foreign, limits, money, phone, problem, text, time, with_causes};
pub use messages::Batch;
pub use templates::{Category, TemplateStatus};
pub use tenants::{RegistrationMode, TenantState};

//! What the business does: a folder per noun, a file per operation, its error beside it.
//!
//! An operation is a sequence of statements from `store` inside one transaction; it decides with pure functions from
//! `domain`, and calls Meta or a queue only before or after that transaction, never inside it. Its first argument is a
//! [`permit`](kernel::permit) that only a caller of the right role can have.
//!
//! A [`Platform`] is everything that a process was started with. The life of a message is, in order,
//! [`messages::accept`], [`delivery::dispatch`], [`delivery::claim`], [`delivery::record`], [`updates::apply`],
//! [`billing::refund`] and [`recovery::sweep`].
//!
//! An operation happens whole or not at all. What should follow its commit (a wake-up, a refund, an e-mail) also stands in
//! a row that [`recovery::sweep`] finds.
//!
//! The order of the nouns: kernel < access, billing, contacts, templates, whatsapp < tenants, messages < delivery <
//! updates < privacy < recovery < operators. A module uses only what stands before it.

#![deny(clippy::float_arithmetic, clippy::wildcard_enum_match_arm)]

pub mod access;
pub mod billing;
pub mod contacts;
pub mod delivery;
pub mod kernel;
pub mod messages;
pub mod operators;
pub mod privacy;
pub mod recovery;
pub mod templates;
pub mod tenants;
pub mod updates;
pub mod whatsapp;

pub use kernel::permit::{
    AuditReader, BillingReader, BillingWriter, Caller, ContactReader, ContactWriter, KeyReader, KeyWriter,
    Member, MessageCanceller, MessageReader, PlanReader, Spender, SuperAdmin, TemplateReader, TemplateWriter,
    TenantReader, UserReader, UserWriter, WhatsappWriter,
};
pub use kernel::platform::{Platform, Timings};

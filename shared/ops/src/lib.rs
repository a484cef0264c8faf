//! What the business does: one file per operation, its error beside it.
//!
//! An operation reads as a sequence of statements from `store` inside one transaction, decides with pure functions from
//! `domain`, and speaks to Meta or to a queue only before or after that transaction, never in it. Whoever calls one
//! proves the right to by its first argument: a [`permit`] that only a caller of that role can have.
//!
//! The cast: a [`Platform`] is everything a process was started with; [`accept_message`], [`dispatch`], [`record`],
//! [`apply_statuses`], [`refund`] and [`rescue`] are the life of a message in its order; the rest is what comes before.
//! What is guaranteed: an operation happened whole or not at all, and whatever should follow its commit (a wake-up, a
//! refund, an e-mail) also stands in a row that [`rescue`] finds.

pub mod accept_message;
pub mod add_credits;
mod apply_news;
pub mod apply_statuses;
pub mod billing;
pub mod cancel_message;
pub mod connect_whatsapp;
pub mod contacts;
pub mod create_template;
pub mod create_tenant;
pub mod dispatch;
pub mod gauges;
pub mod invite;
pub mod login;
pub mod messages;
pub mod once;
pub mod pace;
pub mod password;
pub mod permit;
pub mod plans;
pub mod platform;
pub mod platform_owner;
pub mod record;
pub mod refund;
pub mod register_tenant;
pub mod rescue;
pub mod seal;
pub mod send;
mod settle;
pub mod templates;
pub mod text;

pub use permit::{Caller, Member, Sender, Spender, SuperAdmin, TenantAdmin, Viewer};
pub use platform::{Platform, Waits};

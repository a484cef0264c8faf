//! Tidings on one machine: every function in one process, with a private Postgres and Meta's sandbox.
//!
//! These are the functions that are deployed, behind one server; only queues, schedules and events are on Postgres
//! instead of the cloud's services, behind the same traits. [`settings`] and [`home`] are the configuration; [`machine`]
//! puts everything together; [`api`] is every HTTP function under one router; [`poll`] delivers queue rows to their
//! functions; [`serve`] runs it all. `local/tools` tests, measures and prices it.

pub mod api;
#[cfg(feature = "audit")]
pub mod audit;
pub mod cli;
pub mod client;
pub mod database;
pub mod dead_letters;
pub mod demo;
pub mod error;
pub mod home;
pub mod keys;
pub mod machine;
mod operate;
pub mod peer;
pub mod poll;
pub mod progress;
pub mod sandbox_account;
pub mod say;
pub mod serve;
pub mod settings;
pub mod table;
mod verify_ledger;

//! Tidings on one machine: every function in one process, its own Postgres, and Meta's sandbox beside it.
//!
//! Not a mock: these are the functions that are deployed, behind one server; only queues, schedules and events stand on
//! Postgres instead of on the cloud's services, behind the same traits. The cast: [`settings`] and [`home`] say how and
//! where; [`machine`] puts everything together; [`api`] is every HTTP door under one router; [`poll`] carries queue rows
//! to their functions; [`serve`] runs it all. [`story`] plays the whole flow against it, [`mod@bench`] measures, and
//! [`cost`] counts and prices.

pub mod api;
pub mod audit;
pub mod bench;
pub mod cli;
pub mod client;
pub mod cost;
pub mod database;
pub mod demo;
pub mod deploy_check;
pub mod error;
pub mod home;
pub mod machine;
pub mod poll;
mod say;
pub mod serve;
pub mod settings;
pub mod story;

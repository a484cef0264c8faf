//! Meta's WhatsApp Business Cloud API. No other crate knows Meta's JSON; what this one returns is `domain`'s vocabulary.
//!
//! Where to look: [`Client`] makes the calls, grouped by subject in [`send`], [`templates`] and [`accounts`];
//! [`webhook`] parses what Meta sends us, [`signature`] proves that Meta sent it and [`queued`] encrypts it for the queue; [`error`] classifies Meta's errors.
//!
//! What the crate guarantees:
//! - A call reaches the configured host only: redirects are not followed and proxies are not used.
//! - A call is bounded in time and in the size of its answer, and is never retried here. Whether a retry is safe is
//!   decided in `domain`.
//! - A message that may have left is never reported as unsent (I17a).
//! - Tokens and app secrets are [`SecretString`](secrecy::SecretString)s. No error, log line or `Debug` output holds one,
//!   nor an address that holds one.
//! - Parsing a webhook never panics. One element that cannot be read does not affect the others, and what is stored
//!   unhandled can be parsed again by a later version.

pub mod accounts;
mod app;
mod client;
pub mod error;
pub mod queued;
pub mod send;
pub mod signature;
pub mod templates;
pub mod webhook;
mod wire;

pub use app::MetaApp;
pub use client::{Client, Config, ConfigError, check_address};
pub use error::CallError;
pub use wire::{Page, PageQuery};

//! Meta's WhatsApp Business Cloud API: the only room that knows its JSON.
//!
//! The cast: [`Client`] makes Graph calls; [`webhook`] reads what Meta sends us; [`signature`] proves that it was Meta;
//! [`GraphError`] is Meta's error and [`ErrorClass`] what to do about it. What leaves this room is `domain`'s vocabulary.
//!
//! What is guaranteed: a call never follows a redirect, never waits or reads without a bound, and never reports a message
//! as unsent that may have left; reading a webhook never panics, and one rotten element never costs the others.
//! What is not done here: trying again. Whether that is safe is decided in `domain`.

mod calls;
mod client;
mod error;
mod send;
pub mod signature;
pub mod webhook;

pub use calls::{NewTemplate, Page, RemoteNumber, RemoteTemplate, TemplateState, TokenInfo};
pub use client::{Client, Config, ConfigError};
pub use error::{CallError, ErrorClass, GraphError, is_about_account};
pub use send::TemplateSend;

//! Meta's WhatsApp Business Cloud API: the only room that knows its JSON.
//!
//! The cast: [`Client`] makes Graph calls; [`webhook`] reads what Meta sends us; [`signature`] proves that it was Meta;
//! [`GraphError`] is Meta's error and [`ErrorClass`] what to do about it. What leaves this room is `domain`'s vocabulary.
//!
//! What is guaranteed: a call goes to the configured host alone (no redirect, no proxy), never waits or reads without a
//! bound, and never calls a message unsent that may have left; no error holds a token, a secret or an address with one;
//! reading a webhook never panics, one rotten element never costs the others, and what is kept can be read again.
//! What is not done here: trying again (whether that is safe is decided in `domain`), and templates with anything but a
//! text body with positional variables.

mod accounts;
mod client;
mod error;
mod send;
pub mod signature;
mod signup;
mod templates;
pub mod webhook;
mod wire;

pub use accounts::{RemoteNumber, TokenInfo};
pub use client::{Client, Config, ConfigError};
pub use error::{
    Advice, BusinessUsage, CallError, ErrorClass, Failure, GraphError, Load, Told, Usage, is_about_account,
};
pub use send::TemplateSend;
pub use signup::{NotASignup, Signup, SignupOutcome};
pub use templates::{NewTemplate, RemoteTemplate, TemplateState};
pub use wire::Page;

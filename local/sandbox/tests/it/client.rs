//! The product's client of Meta against the sandbox, over HTTP.

mod accounts;
mod coverage;
mod error_classes;
mod faults;
mod message_kinds;
mod messages;
mod numbers;
mod setup;
mod template_samples;
mod template_sends;
mod templates;
mod triggers;

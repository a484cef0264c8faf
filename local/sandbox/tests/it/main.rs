//! Tests of the sandbox over HTTP: Graph calls and orders to it, webhooks from it.
#![expect(clippy::expect_used, reason = "a failed expectation fails the test")]
#![expect(clippy::indexing_slicing, reason = "indexing a JSON value gives null for a missing member")]

mod account_states;
mod accounts;
mod client;
mod delivery;
mod faults;
mod journal;
mod limits;
mod messages;
mod objects;
mod orders;
mod recipients;
mod sends;
mod support;
mod template_lifecycle;
mod template_parameters;
mod template_rules;
mod templates;
mod webhook_orders;

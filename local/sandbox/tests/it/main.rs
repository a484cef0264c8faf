//! Claims about the sandbox, each through real HTTP: Graph calls and orders from one side, webhooks from the other.
#![expect(clippy::expect_used, reason = "a broken expectation is a failed test")]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers a missing member with null")]

mod accounts;
mod client;
mod delivery;
mod faults;
mod filling;
mod journal;
mod limits;
mod managing;
mod messages;
mod objects;
mod orders;
mod recipients;
mod rules;
mod sending;
mod states;
mod support;
mod telling;
mod templates;

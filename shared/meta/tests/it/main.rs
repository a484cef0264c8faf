//! Tests of the client through real HTTP on this machine.
#![expect(clippy::expect_used, reason = "a broken expectation is a failed test")]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers a missing member with null")]

mod accounts;
mod calls;
mod faults;
mod messages;
mod numbers;
mod sending;
mod server;
mod templates;
mod uploads;

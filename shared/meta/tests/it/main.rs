//! Claims about the client, each through real HTTP on this machine.
#![expect(clippy::expect_used, reason = "a broken expectation is a failed test")]
#![expect(clippy::indexing_slicing, reason = "a JSON value answers a missing member with null")]

mod calls;
mod faults;
mod sending;
mod server;

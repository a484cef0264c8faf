//! The launcher against a real Postgres, as the user who runs the tests and, for root, as `nobody` too.
//!
//! No test needs set-up or a client library: [`wire`] speaks just enough of the protocol to ask one question.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy knows test functions, but not the helpers they share; a panic is how a test fails"
)]

mod claims;
mod crash;
mod helper;
mod home;
mod refusals;
mod root;
mod wire;

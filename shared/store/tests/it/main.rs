//! Claims about statements, asked of a real Postgres.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod access;
mod claims;
mod errors;
mod fixtures;
mod holds;
mod isolation;
mod migrations;
mod notices;
mod statements;
mod time_outs;
mod tls;
mod upgrade;

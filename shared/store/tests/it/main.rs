//! Claims about statements, asked of a real Postgres.
#![expect(missing_docs, reason = "a test's name is its documentation")]

mod claims;
mod statements;
mod walls;
mod world;

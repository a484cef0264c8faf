//! Claims about the whole system through its public interfaces, with Meta's sandbox and a real Postgres.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod architecture;
mod flow;
mod http;
mod invariants;
mod log_fields;
mod log_of_a_flow;
mod operations;
mod operators;
mod private_postgres;
mod program;
mod resilience;
mod template;
mod templates;
mod test_system;
mod trace;
mod webhook_is_light;

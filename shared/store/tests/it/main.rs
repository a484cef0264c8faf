//! Tests of statements on a real Postgres.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod access;
mod claims;
mod errors;
mod fixtures;
mod grants;
mod holds;
mod isolation;
mod lock_order;
mod low_balance;
mod meta_pricing;
mod migrations;
mod notices;
mod parked;
mod people;
mod plan_limits;
mod plan_month;
mod prices;
mod queue_plans;
mod rate_cards;
mod statements;
mod tenants;
mod time_outs;
mod tls;
mod upgrade;
mod words;

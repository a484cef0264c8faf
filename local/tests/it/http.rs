//! What the API refuses, and how: one file per kind of claim.

mod actors;
mod amounts;
mod authorization;
mod bodies;
mod description;
mod headers;
mod health;
mod foreign_text;
mod idempotency_keys;
mod ids;
mod isolation;
mod legacy_keys;
mod limits;
mod lists;
mod passwords;
mod path_and_header_tricks;
mod phones;
mod problem_kinds;
pub mod raw_api;
mod registrations;
mod schemas;
mod throttle;
mod times;
mod tokens;
mod variables;
mod webhook_notices;
pub mod webhook_signature;

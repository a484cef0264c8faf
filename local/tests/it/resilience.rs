//! Every operation interrupted once, every event lost, duplicated and delayed: one file per kind of claim.
//!
//! All end with the same checks: the audit is clean, no message was accepted twice, every message is in a final state,
//! and its debit or refund matches that state.

mod connections;
mod cuts;
mod database;
mod doubts;
mod email_addresses;
mod events;
mod fault_injector;
mod fault_test;
mod in_flight;
mod lanes;
mod mail;
mod meta;
mod outbox;
mod races;
mod regressions;
mod smtp;
mod statuses;
mod tenant_erasure;
mod tenant_states;
mod times;

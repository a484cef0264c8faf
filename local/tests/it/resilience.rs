//! Every step of the flow cut once, every event lost, doubled and late: one file per kind of claim.
//!
//! What all of them ask in the end is the same: the books are clean, no message was accepted twice, every message is at
//! its end, and its money is where its end says.

mod cuts;
mod database;
mod events;
mod fault_injector;
mod fault_test;
mod mail;
mod meta;
mod outbox;
mod races;
mod regressions;
mod statuses;

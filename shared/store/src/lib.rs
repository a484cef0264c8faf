//! All SQL of the product, and the only crate that names `tokio_postgres`.
//!
//! The cast: a [`Store`] hands out transactions, each run as one named [`Operation`]; a [`Tx`] is that transaction, and
//! exists nowhere else; one module per noun holds the statements about it, each signed with the name of the function
//! that runs it (`-- ledger::refund`), so that a slow query in the server's log points to a line here.
//!
//! What is guaranteed: a transaction sees one tenant (or, for work that spans tenants, is the system role); it commits
//! only when every statement of it succeeded; a connection that was left inside one is closed, never used again.
//! What is not done here: deciding. Which state follows which stands in `domain`; which statements make an operation
//! stands in `ops`.
#![deny(clippy::float_arithmetic)]

pub mod audit;
pub mod claims;
mod connect;
pub mod contacts;
pub mod databases;
mod error;
pub mod evidence;
pub mod gauges;
pub mod idempotency;
pub mod leases;
pub mod ledger;
pub mod messages;
pub mod migrate;
pub mod news;
pub mod outbox;
pub mod plans;
mod pool;
pub mod queue;
pub mod rescue;
pub mod sending;
pub mod templates;
pub mod tenants;
mod tx;
pub mod users;
pub mod whatsapp;
pub mod yardstick;

pub use connect::{Access, Password, address};
pub use error::StoreError;
pub use pool::{Config, Moment, Store};
pub use tx::{Operation, Scope, Tx};

/// Every statement of the product with the name it signs itself with; one test prepares them all.
pub fn statements() -> Vec<&'static str> {
    [
        audit::STATEMENTS,
        claims::STATEMENTS,
        contacts::STATEMENTS,
        evidence::STATEMENTS,
        gauges::STATEMENTS,
        idempotency::STATEMENTS,
        leases::STATEMENTS,
        ledger::STATEMENTS,
        messages::STATEMENTS,
        news::STATEMENTS,
        outbox::STATEMENTS,
        plans::STATEMENTS,
        queue::STATEMENTS,
        rescue::STATEMENTS,
        sending::STATEMENTS,
        templates::STATEMENTS,
        tenants::STATEMENTS,
        users::STATEMENTS,
        whatsapp::STATEMENTS,
        yardstick::STATEMENTS,
    ]
    .concat()
}

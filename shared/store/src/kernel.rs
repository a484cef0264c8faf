//! What every statement uses: connections, transactions, errors, migrations, and the tables that belong to no noun.

pub mod audit_log;
pub(crate) mod connect;
pub mod databases;
pub mod emails;
pub(crate) mod error;
mod health;
pub mod idempotency;
pub mod migrate;
pub mod outbox;
mod perform;
pub(crate) mod pool;
pub mod queue;
pub(crate) mod row;
pub(crate) mod tx;

pub(crate) const STATEMENTS: &[&[&str]] = &[
    audit_log::STATEMENTS,
    emails::STATEMENTS,
    health::STATEMENTS,
    idempotency::STATEMENTS,
    outbox::STATEMENTS,
    tx::STATEMENTS,
];

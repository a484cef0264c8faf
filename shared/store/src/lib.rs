//! All SQL of the product, and the only crate that names `tokio_postgres`.
//!
//! The cast: a [`Store`] hands out transactions, each run as one named [`Operation`]; a [`Tx`] is that transaction, and
//! exists nowhere else; one module per noun holds the statements about it, each signed with the name of the function
//! that runs it (`-- refunds::pay`), so that a slow query in the server's log points to a line here.
//!
//! What is guaranteed: a transaction sees one tenant (or, for work that spans tenants, is the system role); it commits
//! only when every statement of it succeeded; a connection that was left inside one is closed, never used again.
//! What is not done here: deciding. Which state follows which stands in `domain`; which statements make an operation
//! stands in `ops`.
#![deny(clippy::float_arithmetic)]

pub mod access;
pub mod billing;
pub mod contacts;
pub mod delivery;
pub mod holds;
mod kernel;
pub mod messages;
pub mod recovery;
pub mod templates;
pub mod tenants;
#[cfg(feature = "testing")]
pub mod testing;
pub mod updates;
pub mod whatsapp;

pub use kernel::connect::{Access, Password, address};
pub use kernel::error::StoreError;
#[cfg(feature = "faults")]
pub use kernel::pool::Moment;
pub use kernel::pool::{Config, Store};
pub use kernel::tx::{Operation, SystemOperation, SystemTx, TenantTx, Tx};
pub use kernel::{databases, idempotency, migrate, outbox, queue};

/// Every statement of the product, signed with the name of its function; one test prepares them all.
pub fn statements() -> Vec<&'static str> {
    [
        kernel::STATEMENTS,
        access::STATEMENTS,
        billing::STATEMENTS,
        delivery::STATEMENTS,
        recovery::STATEMENTS,
        #[cfg(feature = "testing")]
        testing::STATEMENTS,
        updates::STATEMENTS,
        whatsapp::STATEMENTS,
        &[
            contacts::STATEMENTS,
            holds::STATEMENTS,
            messages::STATEMENTS,
            templates::STATEMENTS,
            tenants::STATEMENTS,
            tenants::plans::STATEMENTS,
        ],
    ]
    .concat()
    .concat()
}

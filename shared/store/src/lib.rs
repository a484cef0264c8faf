//! All SQL of the product, and the only crate that names `tokio_postgres`.
//!
//! A [`Store`] runs each named [`Operation`] in one transaction, and a [`Tx`] exists only inside one. One module per noun
//! holds the statements about it, each signed with the name of the function that runs it (`-- refunds::pay`), so that a
//! slow query in the server's log points to a line here.
//!
//! Guaranteed: a transaction sees one tenant (or, for work that spans tenants, has the system role); it commits only when
//! each of its statements succeeded; a connection that was left inside a transaction is closed, never used again.
//! Not done here: decisions. Which state follows which is in `domain`; which statements make an operation is in `ops`.
#![deny(clippy::float_arithmetic)]

pub mod access;
pub mod billing;
pub mod contacts;
pub mod delivery;
pub mod holds;
mod kernel;
pub mod messages;
pub mod operators;
pub mod privacy;
pub mod recovery;
pub mod templates;
pub mod tenants;
#[cfg(feature = "testing")]
pub mod testing;
pub mod updates;
pub mod usage;
pub mod whatsapp;

pub use kernel::connect::{Access, Password, address};
pub use kernel::error::StoreError;
#[cfg(feature = "faults")]
pub use kernel::pool::Moment;
pub use kernel::pool::{Config, Store};
pub use kernel::tx::{Operation, SystemOperation, SystemTx, TenantTx, Tx};
pub use kernel::{audit_log, databases, emails, idempotency, migrate, outbox, queue};

/// Every statement of the product, signed with the name of its function; one test prepares them all.
pub fn statements() -> Vec<&'static str> {
    [
        kernel::STATEMENTS,
        kernel::queue::STATEMENTS,
        access::STATEMENTS,
        billing::STATEMENTS,
        delivery::STATEMENTS,
        operators::STATEMENTS,
        privacy::STATEMENTS,
        recovery::STATEMENTS,
        #[cfg(feature = "testing")]
        testing::STATEMENTS,
        updates::STATEMENTS,
        whatsapp::STATEMENTS,
        &[
            contacts::STATEMENTS,
            contacts::consent::STATEMENTS,
            contacts::suppressions::STATEMENTS,
            holds::STATEMENTS,
            messages::STATEMENTS,
            templates::STATEMENTS,
            templates::checks::STATEMENTS,
            tenants::STATEMENTS,
            tenants::invitations::STATEMENTS,
            tenants::list::STATEMENTS,
            tenants::onboarding::STATEMENTS,
            tenants::plans::STATEMENTS,
            tenants::states::STATEMENTS,
            usage::STATEMENTS,
        ],
    ]
    .concat()
    .concat()
}

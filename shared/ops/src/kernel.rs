//! What every operation stands on.

pub mod cipher;
pub mod emails;
pub mod events;
pub mod fields;
pub mod hash;
pub mod idempotent;
pub(crate) mod one_statement;
pub mod passwords;
pub mod permit;
pub mod platform;
pub(crate) mod problem;
pub mod security_event;
pub(crate) mod tenant_state;
pub(crate) mod wake_up;

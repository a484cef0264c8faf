//! What every operation stands on.

pub mod cipher;
pub mod events;
pub mod fields;
pub mod idempotent;
pub mod passwords;
pub mod platform;
pub(crate) mod wake_up;

//! A tenant's connection to its WhatsApp Business account.

pub mod connect;
pub(crate) mod pause;
pub mod token;

//! Invitations to register a business.

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod list;

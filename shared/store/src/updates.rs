//! What Meta reports beside the status of a message.

pub mod notices;
pub mod unhandled;

pub(crate) const STATEMENTS: &[&[&str]] = &[notices::STATEMENTS, unhandled::STATEMENTS];

//! What the platform's operator looks at: every invariant, one message, one tenant.

pub mod audit;
pub mod look;

pub(crate) const STATEMENTS: &[&[&str]] = &[audit::STATEMENTS, look::STATEMENTS];

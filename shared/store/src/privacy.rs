//! A person's right to be forgotten, and what is erased of a tenant that was closed.

pub mod erasure;
pub mod tenant;

pub(crate) const STATEMENTS: &[&[&str]] = &[erasure::STATEMENTS, tenant::STATEMENTS];

//! A person's right to be forgotten.

pub mod erasure;

pub(crate) const STATEMENTS: &[&[&str]] = &[erasure::STATEMENTS];

//! A tenant's connection to WhatsApp.

pub mod accounts;
pub mod numbers;

pub(crate) const STATEMENTS: &[&[&str]] = &[accounts::STATEMENTS, numbers::STATEMENTS];

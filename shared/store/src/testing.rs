//! Statements that no function of the product runs: the audit, the yardsticks of the benchmark, and what tests need.

pub mod audit;
pub mod databases;
pub mod yardstick;

pub(crate) const STATEMENTS: &[&[&str]] = &[audit::STATEMENTS, yardstick::STATEMENTS];

//! What lost events left behind, and how much of it there is.

pub mod gauges;
pub mod sweep;

pub(crate) const STATEMENTS: &[&[&str]] = &[gauges::STATEMENTS, sweep::STATEMENTS];

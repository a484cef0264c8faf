//! From a due message to its delivery status: lease, claim, attempt, transition, status.

pub mod attempts;
pub mod claims;
pub mod leases;
pub mod states;
pub mod statuses;

pub(crate) const STATEMENTS: &[&[&str]] =
    &[attempts::STATEMENTS, claims::STATEMENTS, leases::STATEMENTS, statuses::STATEMENTS, states::STATEMENTS];

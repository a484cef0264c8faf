//! From a due message to its delivery status: lease, claim, attempt, transition, status.

pub mod attempts;
pub mod circumstances;
pub mod claims;
pub mod leases;
pub mod states;
pub mod statuses;

pub(crate) const STATEMENTS: &[&[&str]] = &[
    attempts::STATEMENTS,
    circumstances::STATEMENTS,
    claims::STATEMENTS,
    leases::STATEMENTS,
    statuses::STATEMENTS,
    states::STATEMENTS,
];

//! The people who log in.

pub mod invites;
pub mod throttle;
pub mod users;

pub(crate) const STATEMENTS: &[&[&str]] = &[invites::STATEMENTS, throttle::STATEMENTS, users::STATEMENTS];

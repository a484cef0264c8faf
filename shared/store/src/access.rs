//! The people who log in: accounts, invitations, and the throttle on guessing passwords.

pub mod invites;
pub mod sessions;
pub mod throttle;
pub mod users;

pub(crate) const STATEMENTS: &[&[&str]] =
    &[invites::STATEMENTS, sessions::STATEMENTS, throttle::STATEMENTS, users::STATEMENTS];

//! The people who log in and the programs that call: accounts, keys, invitations, and the throttle on guessing passwords.

pub mod api_keys;
pub mod callers;
pub mod invites;
pub mod sessions;
pub mod throttle;
pub mod users;

pub(crate) const STATEMENTS: &[&[&str]] = &[
    api_keys::STATEMENTS,
    callers::STATEMENTS,
    invites::STATEMENTS,
    sessions::STATEMENTS,
    throttle::STATEMENTS,
    users::STATEMENTS,
];

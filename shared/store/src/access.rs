//! The people who log in and the programs that call: accounts, keys, invitations and other links, and the throttles on guessing
//! passwords and asking for e-mails.

pub mod api_keys;
pub mod callers;
pub mod email_changes;
pub mod email_proofs;
pub mod email_requests;
pub mod invites;
pub mod links;
pub mod managed_users;
pub mod second_factors;
pub mod sessions;
pub mod throttle;
pub mod users;

pub(crate) const STATEMENTS: &[&[&str]] = &[
    api_keys::STATEMENTS,
    callers::STATEMENTS,
    email_changes::STATEMENTS,
    email_proofs::STATEMENTS,
    email_requests::STATEMENTS,
    invites::STATEMENTS,
    links::STATEMENTS,
    managed_users::STATEMENTS,
    second_factors::STATEMENTS,
    sessions::STATEMENTS,
    throttle::STATEMENTS,
    users::STATEMENTS,
];

//! Who may log in, and what a caller may do.

pub mod callers;
pub mod invite;
pub mod login;
pub mod sessions;

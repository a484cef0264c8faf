//! Who may log in, and what a caller may do.

pub mod api_keys;
pub mod callers;
pub mod change_email;
pub mod emails;
pub mod invite;
pub mod login;
pub mod mailing;
pub mod proof;
pub mod reset;
pub mod second_factor;
pub mod sessions;
pub mod users;
pub mod verify;

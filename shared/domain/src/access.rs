//! Who may do what.

mod role;

pub use role::{Role, UnknownRole};

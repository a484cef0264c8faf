//! Who may do what.

mod act;
mod role;

pub use act::{Act, Actor, SystemAct};
pub use role::{Role, UnknownRole};

//! Who acts, and which role allows what.

mod act;
mod role;

pub use act::{Act, Actor, SystemAct};
pub use role::{Role, UnknownRole};

//! Who acts, which role allows what, and how long a login has to wait after wrong passwords.

mod act;
mod role;
pub mod throttle;

pub use act::{Act, Actor, SystemAct};
pub use role::{Role, UnknownRole};
pub use throttle::Source;

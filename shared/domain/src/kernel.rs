//! What every other module stands on: ids, money, phone numbers, time, limits, and how an error is written down.

mod causes;
pub(crate) mod clock;
pub(crate) mod id;
pub mod limits;
pub mod money;
pub(crate) mod page;
pub mod phone;
pub mod problem;
pub mod time;

pub use causes::with_causes;

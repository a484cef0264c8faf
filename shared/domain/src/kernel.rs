//! What every other module uses: ids, money, phone numbers, time, limits, the rule for foreign text, and how an error is written to a log.

mod causes;
pub(crate) mod clock;
pub(crate) mod day;
pub mod foreign;
pub(crate) mod id;
pub mod limits;
pub mod money;
pub(crate) mod month;
pub(crate) mod page;
pub mod phone;
pub mod problem;
pub mod text;
pub mod time;
pub(crate) mod timer;
pub(crate) mod words;

pub use causes::with_causes;

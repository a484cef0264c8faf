//! The product's own client against the sandbox, through real HTTP: what one side says, the other understands.

mod accounts;
mod classes;
mod covered;
mod faults;
mod filled;
mod kinds;
mod messages;
mod numbers;
mod offered;
mod pair;
mod templates;
mod ways;

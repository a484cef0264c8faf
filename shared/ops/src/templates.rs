//! Message templates.

pub mod create;
pub mod list;

//! Message templates.

mod at_meta;
pub mod check;
pub mod create;
pub(crate) mod doubt;
pub mod list;
mod submit;

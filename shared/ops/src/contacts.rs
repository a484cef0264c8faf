//! The people a tenant may write to.

pub mod import;
pub mod list;

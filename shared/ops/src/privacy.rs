//! A person's rights to what is stored about them, and the end of what is stored for a tenant that was closed.

pub mod erase;
pub(crate) mod erase_tenant;

//! The people that a tenant writes to.

use uuid::Uuid;

use crate::kernel::id::ContactId;
use crate::kernel::page::PagePosition;

impl PagePosition for ContactId {
    const LIST: &'static str = "contacts";
    const NEWEST: Self = Self(Uuid::max());
}

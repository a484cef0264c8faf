//! The businesses that use the platform, and what their plans allow.

pub mod usage;

use crate::kernel::words::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantState {
    Active,
    /// Its users cannot log in, and its messages are not sent.
    Suspended,
}

words! { TenantState, UnknownTenantState, "is not a state of a tenant":
    Active = "ACTIVE",
    Suspended = "SUSPENDED",
}

impl TenantState {
    /// Whether the tenant's users may log in and its messages may be sent.
    pub const fn may_act(self) -> bool {
        match self {
            Self::Active => true,
            Self::Suspended => false,
        }
    }
}

//! What a user may do, from reading only to owning the platform.

use serde::{Deserialize, Serialize};

use crate::kernel::words::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Reads what the tenant has.
    Viewer,
    /// Sends messages and manages contacts.
    Sender,
    /// Manages templates and connections as well.
    Admin,
    Owner,
    /// Owns the platform: plans, tenants, credit. Belongs to no business and sends nothing.
    SuperAdmin,
}

words! { Role, UnknownRole, "is not a role":
    Viewer = "VIEWER",
    Sender = "SENDER",
    Admin = "ADMIN",
    Owner = "OWNER",
    SuperAdmin = "SUPER_ADMIN",
}

impl Role {
    /// Those that a user of a tenant may have.
    pub const OF_TENANTS: [Self; 4] = [Self::Viewer, Self::Sender, Self::Admin, Self::Owner];
}

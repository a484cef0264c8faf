//! What a caller may do, from the platform's owner down to somebody who only looks.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The role of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Reads what the tenant has.
    Viewer,
    /// Sends messages and manages contacts.
    Sender,
    /// Manages templates and connections as well.
    Admin,
    /// Owns the tenant.
    Owner,
    /// Owns the platform: plans, tenants, credit. Belongs to no business and sends nothing.
    SuperAdmin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Sender, Self::Admin, Self::Owner, Self::SuperAdmin];

    /// As stored and as in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Sender => "SENDER",
            Self::Admin => "ADMIN",
            Self::Owner => "OWNER",
            Self::SuperAdmin => "SUPER_ADMIN",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// A word that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no role")]
pub struct UnknownRole;

//! Who may register a business.

use crate::kernel::words::words;

/// How businesses come to the platform. Its owner can create a tenant in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegistrationMode {
    /// Anyone may register.
    Open,
    /// Only with an invitation of the platform's owner.
    Invitation,
    /// No one may.
    Closed,
}

words! { RegistrationMode, UnknownRegistrationMode, "must be open, invitation or closed":
    Open = "open",
    Invitation = "invitation",
    Closed = "closed",
}

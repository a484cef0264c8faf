//! What an API key may do: scopes, each a resource and an action.

use std::fmt;
use std::str::FromStr;

use crate::kernel::words::words;

/// A right that a key of the API can have. A person has it by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    ApiKeysRead,
    ApiKeysWrite,
    AuditRead,
    BillingRead,
    BillingWrite,
    ContactsRead,
    ContactsWrite,
    MessagesCancel,
    MessagesRead,
    MessagesSend,
    TemplatesRead,
    TemplatesWrite,
    TenantRead,
    UsersRead,
    UsersWrite,
    WhatsappRead,
    WhatsappWrite,
}

words! { Scope, UnknownScope, "is not a scope":
    ApiKeysRead = "api-keys:read",
    ApiKeysWrite = "api-keys:write",
    AuditRead = "audit:read",
    BillingRead = "billing:read",
    BillingWrite = "billing:write",
    ContactsRead = "contacts:read",
    ContactsWrite = "contacts:write",
    MessagesCancel = "messages:cancel",
    MessagesRead = "messages:read",
    MessagesSend = "messages:send",
    TemplatesRead = "templates:read",
    TemplatesWrite = "templates:write",
    TenantRead = "tenant:read",
    UsersRead = "users:read",
    UsersWrite = "users:write",
    WhatsappRead = "whatsapp:read",
    WhatsappWrite = "whatsapp:write",
}

impl Scope {
    /// Whether what it permits changes nothing.
    pub const fn only_reads(self) -> bool {
        match self {
            Self::ApiKeysRead
            | Self::AuditRead
            | Self::BillingRead
            | Self::ContactsRead
            | Self::MessagesRead
            | Self::TemplatesRead
            | Self::TenantRead
            | Self::UsersRead
            | Self::WhatsappRead => true,
            Self::ApiKeysWrite
            | Self::BillingWrite
            | Self::ContactsWrite
            | Self::MessagesCancel
            | Self::MessagesSend
            | Self::TemplatesWrite
            | Self::UsersWrite
            | Self::WhatsappWrite => false,
        }
    }

    /// Its place among all of them, as a bit.
    fn bit(self) -> u32 {
        Self::ALL.into_iter().position(|scope| scope == self).map_or(0, |place| 1 << place)
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(u32);

impl Scopes {
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether every scope of `self` is one of `other`.
    pub const fn is_within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// In the order of their words.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Separated by spaces, as OAuth writes them (RFC 6749, 3.3) and as they are stored.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, scope) in self.iter().enumerate() {
            write!(f, "{}{scope}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        text.split_ascii_whitespace().map(Scope::from_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_scopes_is_read_as_it_was_written() {
        let all = Scopes::from_iter(Scope::ALL);
        assert_eq!(all.iter().collect::<Vec<_>>(), Scope::ALL);
        assert_eq!(all.to_string().parse(), Ok(all));
        let some = Scopes::from_iter([Scope::MessagesSend, Scope::ContactsRead]);
        assert_eq!(some.to_string(), "contacts:read messages:send");
        assert_eq!(some.to_string().parse(), Ok(some));
        assert!(some.is_within(all) && !all.is_within(some) && Scopes::default().is_within(some));
        assert_eq!("contacts:read messages:fly".parse::<Scopes>(), Err(UnknownScope));
        assert!("".parse::<Scopes>().is_ok_and(Scopes::is_empty));
    }
}

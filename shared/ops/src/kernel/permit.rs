//! Who may do what, as types: an operation names the permit it needs, and only a caller of the right role has one.
//!
//! A handler without a [`Spender`] cannot read a balance or send, whatever its author forgot to check.

use std::fmt;

use domain::access::Source;
use domain::problem::Kind;
use domain::{Actor, Problem, Role, TenantId};

/// The caller of one request: its token was verified, and its user and tenant were found to be active, just now (I30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant it belongs to.
    pub tenant: TenantId,
    pub actor: Actor,
    pub role: Role,
    /// Where the request came from.
    pub source: Source,
}

/// The caller's role does not carry the permit that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Forbidden {
    /// The roles that carry it.
    pub roles: &'static [Role],
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.roles.iter().map(ToString::to_string).collect();
        let words = if names.len() == 1 { "needs the role" } else { "needs one of the roles" };
        write!(f, "{words} {}", names.join(", "))
    }
}

impl From<Forbidden> for Problem {
    fn from(error: Forbidden) -> Self {
        Self::new(Kind::Forbidden).with_detail(error)
    }
}

/// A right that a caller has or has not.
pub trait Permit: Sized {
    /// The roles that carry it.
    const ROLES: &'static [Role];

    /// The caller, now known to have the right.
    fn new(caller: Caller) -> Self;

    fn caller(&self) -> Caller;

    /// Checks the caller's role.
    fn check(caller: Caller) -> Result<Self, Forbidden> {
        if Self::ROLES.contains(&caller.role) {
            return Ok(Self::new(caller));
        }
        Err(Forbidden { roles: Self::ROLES })
    }
}

macro_rules! permits {
    ($($(#[$doc:meta])* $name:ident: $($role:ident)+;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name(Caller);

        impl $name {
            /// Whose data it is about.
            pub const fn tenant(&self) -> TenantId {
                self.0.tenant
            }
        }

        impl Permit for $name {
            const ROLES: &'static [Role] = &[$(Role::$role),+];

            fn new(caller: Caller) -> Self {
                Self(caller)
            }

            fn caller(&self) -> Caller {
                self.0
            }
        }
    )+};
}

permits! {
    /// Anybody who logged in, the platform's owner included.
    Member: Viewer Sender Admin Owner SuperAdmin;
    /// May look at what the tenant has, but not at its money.
    Viewer: Viewer Sender Admin Owner;
    /// May manage contacts and withdraw messages.
    Sender: Sender Admin Owner;
    /// May send, and see what it costs.
    Spender: Sender Admin Owner;
    /// May manage templates and the connection to WhatsApp.
    TenantAdmin: Admin Owner;
    /// May manage plans, tenants and credit. Belongs to no business.
    SuperAdmin: SuperAdmin;
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_refusal_names_the_roles_that_may() {
        let now = Timestamp::UNIX_EPOCH;
        let (tenant, actor, source) = (TenantId::at(now), Actor::System, Source::UNKNOWN);
        let caller = |role| Caller { tenant, actor, role, source };
        let refused = |refusal: Forbidden| refusal.to_string();
        assert_eq!(
            TenantAdmin::check(caller(Role::Viewer)).map_err(refused),
            Err("needs one of the roles ADMIN, OWNER".to_owned())
        );
        // The platform's owner has no tenant's data to look at.
        assert_eq!(
            Viewer::check(caller(Role::SuperAdmin)).map_err(refused),
            Err("needs one of the roles VIEWER, SENDER, ADMIN, OWNER".to_owned())
        );
        assert_eq!(
            SuperAdmin::check(caller(Role::Owner)).map_err(refused),
            Err("needs the role SUPER_ADMIN".to_owned())
        );
    }
}

//! Who may do what, as types: an operation names the permit it needs, and only a caller who has the right has one.
//!
//! A handler without a [`Spender`] cannot send, and one without a [`BillingReader`] cannot read a balance, whatever its author
//! forgot to check. A person has a right by role, a program by the scopes of its API key.

use std::fmt;

use domain::access::{Scope, Scopes, Source};
use domain::problem::Kind;
use domain::{Actor, Problem, Role, TenantId, TenantState};

/// The caller of one request: its token or key was verified, and its user and tenant were read, just now (I30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The tenant it belongs to.
    pub tenant: TenantId,
    pub tenant_state: TenantState,
    pub actor: Actor,
    pub rights: Rights,
    /// Where the request came from.
    pub source: Source,
}

/// What a caller's rights come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// A person's.
    Role(Role),
    /// An API key's.
    Scopes(Scopes),
}

/// Why a caller does not get a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The person's role does not carry it.
    Role {
        /// The roles that do.
        roles: &'static [Role],
    },
    /// The key does not have its scope.
    Scope(Scope),
    /// No scope of a key carries it.
    Key,
    /// The tenant may look at what it has, and change nothing.
    State(TenantState),
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role { roles } => {
                let names: Vec<String> = roles.iter().map(ToString::to_string).collect();
                let words = if names.len() == 1 { "needs the role" } else { "needs one of the roles" };
                write!(f, "{words} {}", names.join(", "))
            }
            Self::Scope(scope) => write!(f, "the API key needs the scope {scope}"),
            Self::Key => f.write_str("an API key cannot do this: log in as a user"),
            Self::State(state) => write!(
                f,
                "the account is {}: it can be read, and nothing can be changed or sent; ask the platform's owner to open it",
                state.as_str().to_lowercase()
            ),
        }
    }
}

impl From<Forbidden> for Problem {
    fn from(error: Forbidden) -> Self {
        let kind = match error {
            Forbidden::Role { .. } | Forbidden::Scope(_) | Forbidden::Key => Kind::Forbidden,
            Forbidden::State(_) => Kind::TenantSuspended,
        };
        Self::new(kind).with_detail(error)
    }
}

/// A right that a caller has or has not.
pub trait Permit: Sized {
    /// The roles that carry it.
    const ROLES: &'static [Role];
    /// The scope that carries it for an API key; `None` when no key can have it.
    const SCOPE: Option<Scope>;

    /// The caller, now known to have the right.
    fn new(caller: Caller) -> Self;

    fn caller(&self) -> Caller;

    /// Checks the caller's role or scopes, and whether the state of its tenant allows changes if it asks for one.
    fn check(caller: Caller) -> Result<Self, Forbidden> {
        match caller.rights {
            Rights::Role(role) if Self::ROLES.contains(&role) => {}
            Rights::Role(_) => return Err(Forbidden::Role { roles: Self::ROLES }),
            Rights::Scopes(scopes) => {
                let scope = Self::SCOPE.ok_or(Forbidden::Key)?;
                if !scopes.contains(scope) {
                    return Err(Forbidden::Scope(scope));
                }
            }
        }
        if Self::SCOPE.is_some_and(|scope| !scope.only_reads()) && !caller.tenant_state.may_change() {
            return Err(Forbidden::State(caller.tenant_state));
        }
        Ok(Self::new(caller))
    }
}

macro_rules! permits {
    ($($(#[$doc:meta])* $name:ident $(($scope:ident))?: $($role:ident)+;)+) => {$(
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
            const SCOPE: Option<Scope> = first!($(Some(Scope::$scope),)? None);

            fn new(caller: Caller) -> Self {
                Self(caller)
            }

            fn caller(&self) -> Caller {
                self.0
            }
        }
    )+};
}

/// The first of its arguments.
macro_rules! first {
    ($first:expr $(, $rest:expr)*) => {
        $first
    };
}

permits! {
    /// A person who logged in, of whatever role: for what is the person's own.
    Member: Viewer Sender Admin Owner SuperAdmin;
    /// The platform's plans, which its owner reads as well.
    PlanReader(TenantRead): Viewer Sender Admin Owner SuperAdmin;
    /// The tenant's own plan, its use, and what is left to set up.
    TenantReader(TenantRead): Viewer Sender Admin Owner;
    ContactReader(ContactsRead): Viewer Sender Admin Owner;
    ContactWriter(ContactsWrite): Sender Admin Owner;
    TemplateReader(TemplatesRead): Viewer Sender Admin Owner;
    TemplateWriter(TemplatesWrite): Admin Owner;
    /// The connection to WhatsApp.
    WhatsappWriter(WhatsappWrite): Admin Owner;
    MessageReader(MessagesRead): Viewer Sender Admin Owner;
    MessageCanceller(MessagesCancel): Sender Admin Owner;
    /// May send, which costs money.
    Spender(MessagesSend): Sender Admin Owner;
    /// Balance, ledger and statements.
    BillingReader(BillingRead): Sender Admin Owner;
    /// At which balances the tenant is warned.
    BillingWriter(BillingWrite): Admin Owner;
    UserReader(UsersRead): Admin Owner;
    /// Users, as far as the caller's own role reaches: [`domain::access::manage`].
    UserWriter(UsersWrite): Admin Owner;
    KeyReader(ApiKeysRead): Admin Owner;
    KeyWriter(ApiKeysWrite): Admin Owner;
    /// What the tenant did and who did it.
    AuditReader(AuditRead): Admin Owner;
    /// Plans, tenants and credit, for the platform's owner. Belongs to no business.
    SuperAdmin: SuperAdmin;
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn caller(rights: Rights, tenant_state: TenantState) -> Caller {
        let tenant = TenantId::at(Timestamp::UNIX_EPOCH);
        Caller { tenant, tenant_state, actor: Actor::System, rights, source: Source::UNKNOWN }
    }

    fn person(role: Role) -> Caller {
        caller(Rights::Role(role), TenantState::Active)
    }

    fn refused<P: Permit>(caller: Caller) -> Option<String> {
        P::check(caller).err().map(|why| why.to_string())
    }

    #[test]
    fn a_refusal_names_the_roles_that_may() {
        assert_eq!(
            refused::<TemplateWriter>(person(Role::Viewer)).unwrap(),
            "needs one of the roles ADMIN, OWNER"
        );
        // The platform's owner has no tenant's data to look at.
        assert_eq!(
            refused::<ContactReader>(person(Role::SuperAdmin)).unwrap(),
            "needs one of the roles VIEWER, SENDER, ADMIN, OWNER"
        );
        assert_eq!(refused::<SuperAdmin>(person(Role::Owner)).unwrap(), "needs the role SUPER_ADMIN");
    }

    #[test]
    fn a_key_may_what_its_scopes_say_and_nothing_of_a_persons_own() {
        let key =
            |scopes: &[Scope]| caller(Rights::Scopes(scopes.iter().copied().collect()), TenantState::Active);
        assert_eq!(refused::<Spender>(key(&[Scope::MessagesSend])), None);
        assert_eq!(
            refused::<Spender>(key(&[Scope::MessagesRead])).unwrap(),
            "the API key needs the scope messages:send"
        );
        for of_people in [refused::<Member>(key(&Scope::ALL)), refused::<SuperAdmin>(key(&Scope::ALL))] {
            assert_eq!(of_people.unwrap(), "an API key cannot do this: log in as a user");
        }
    }

    #[test]
    fn a_suspended_tenant_reads_and_changes_nothing() {
        for (state, may_change) in [
            (TenantState::Trial, true),
            (TenantState::Active, true),
            (TenantState::Grace, true),
            (TenantState::Suspended, false),
            (TenantState::Closed, false),
        ] {
            for rights in [Rights::Role(Role::Owner), Rights::Scopes(Scope::ALL.into_iter().collect())] {
                let caller = caller(rights, state);
                assert_eq!(refused::<ContactReader>(caller), None);
                assert_eq!(refused::<BillingReader>(caller), None);
                assert_eq!(refused::<ContactWriter>(caller).is_none(), may_change, "{state}");
                assert_eq!(refused::<Spender>(caller).is_none(), may_change, "{state}");
            }
        }
        let closed = refused::<Spender>(caller(Rights::Role(Role::Owner), TenantState::Closed));
        assert!(closed.unwrap().starts_with("the account is closed: it can be read"));
    }
}

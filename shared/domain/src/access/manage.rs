//! Who may add, change and remove which users of a tenant.
//!
//! Users never change their own rights and never remove themselves, and an owner is changed and removed by another owner
//! alone. So the last owner of a tenant stays, as long as changes are made one after another and by who has the right then.

use thiserror::Error;

use crate::{Role, UserId};

/// Who manages the tenant's users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    Owner(UserId),
    Admin(UserId),
    /// A program with the scope `users:write`.
    Key,
}

impl Manager {
    /// Whether it is this user.
    fn is(self, user: UserId) -> bool {
        match self {
            Self::Owner(own) | Self::Admin(own) => own == user,
            Self::Key => false,
        }
    }

    const fn is_owner(self) -> bool {
        match self {
            Self::Owner(_) => true,
            Self::Admin(_) | Self::Key => false,
        }
    }
}

/// What is to change of a user's rights; what is absent stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RightsChange {
    pub role: Option<Role>,
    pub may_approve: Option<bool>,
    /// The second factor is switched off, because its device was lost.
    pub drops_second_factor: bool,
}

/// Why a manager may not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAllowed {
    #[error("only a user with the role OWNER may add, change or remove an OWNER")]
    OwnersOnly,
    #[error("only a user with the role OWNER may give or take the right to approve")]
    ApprovalByOwners,
    #[error("only a user with the role OWNER may switch off the second factor of another user")]
    SecondFactorByOwners,
    #[error("you cannot change your own role or right to approve; ask another owner or admin")]
    OwnRights,
    #[error(
        "your own second factor is switched off with DELETE /auth/totp, which asks for your password and a code"
    )]
    OwnSecondFactor,
    #[error("you cannot remove yourself; ask another owner or admin")]
    OwnRemoval,
    /// The caller's rights were changed since the request began.
    #[error("you may no longer manage users")]
    NoLonger,
}

/// Whether a user of that role and right may be added.
pub const fn check_addition(manager: Manager, role: Role, may_approve: bool) -> Result<(), NotAllowed> {
    match (manager.is_owner(), role) {
        (false, Role::Owner) | (_, Role::SuperAdmin) => Err(NotAllowed::OwnersOnly),
        (false, Role::Viewer | Role::Sender | Role::Admin) if may_approve => {
            Err(NotAllowed::ApprovalByOwners)
        }
        (true, Role::Owner) | (_, Role::Viewer | Role::Sender | Role::Admin) => Ok(()),
    }
}

/// Whether a user, who has this role, may be changed so. A user's own name may change.
pub fn check_change(
    manager: Manager,
    (user, role): (UserId, Role),
    change: RightsChange,
) -> Result<(), NotAllowed> {
    if manager.is(user) {
        if change.role.is_some() || change.may_approve.is_some() {
            return Err(NotAllowed::OwnRights);
        }
        return if change.drops_second_factor { Err(NotAllowed::OwnSecondFactor) } else { Ok(()) };
    }
    if manager.is_owner() {
        return Ok(());
    }
    if role == Role::Owner || change.role == Some(Role::Owner) {
        return Err(NotAllowed::OwnersOnly);
    }
    if change.may_approve.is_some() {
        return Err(NotAllowed::ApprovalByOwners);
    }
    if change.drops_second_factor { Err(NotAllowed::SecondFactorByOwners) } else { Ok(()) }
}

/// Whether a user, who has this role, may be removed.
pub fn check_removal(manager: Manager, (user, role): (UserId, Role)) -> Result<(), NotAllowed> {
    if manager.is(user) {
        return Err(NotAllowed::OwnRemoval);
    }
    if role == Role::Owner && !manager.is_owner() { Err(NotAllowed::OwnersOnly) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const OWN: UserId = UserId(Uuid::from_u128(1));
    const OTHER: UserId = UserId(Uuid::from_u128(2));
    const MANAGERS: [Manager; 3] = [Manager::Owner(OWN), Manager::Admin(OWN), Manager::Key];

    fn role(role: Role) -> RightsChange {
        RightsChange { role: Some(role), ..RightsChange::default() }
    }

    #[test]
    fn only_an_owner_adds_changes_and_removes_an_owner() {
        for manager in MANAGERS {
            let expected = if manager.is_owner() { Ok(()) } else { Err(NotAllowed::OwnersOnly) };
            assert_eq!(check_addition(manager, Role::Owner, false), expected);
            assert_eq!(check_change(manager, (OTHER, Role::Owner), RightsChange::default()), expected);
            assert_eq!(check_change(manager, (OTHER, Role::Admin), role(Role::Owner)), expected);
            assert_eq!(check_removal(manager, (OTHER, Role::Owner)), expected);
            for below in [Role::Viewer, Role::Sender, Role::Admin] {
                assert_eq!(check_addition(manager, below, false), Ok(()));
                assert_eq!(check_change(manager, (OTHER, below), role(Role::Admin)), Ok(()));
                assert_eq!(check_removal(manager, (OTHER, below)), Ok(()));
            }
        }
    }

    #[test]
    fn only_an_owner_gives_the_right_to_approve_and_switches_off_a_second_factor() {
        let approve = RightsChange { may_approve: Some(true), ..RightsChange::default() };
        let drop = RightsChange { drops_second_factor: true, ..RightsChange::default() };
        for manager in MANAGERS {
            let or = |refusal| if manager.is_owner() { Ok(()) } else { Err(refusal) };
            assert_eq!(check_addition(manager, Role::Sender, true), or(NotAllowed::ApprovalByOwners));
            assert_eq!(
                check_change(manager, (OTHER, Role::Sender), approve),
                or(NotAllowed::ApprovalByOwners)
            );
            assert_eq!(
                check_change(manager, (OTHER, Role::Sender), drop),
                or(NotAllowed::SecondFactorByOwners)
            );
        }
    }

    #[test]
    fn users_change_their_own_name_and_none_of_their_own_rights() {
        for (manager, own) in [(Manager::Owner(OWN), Role::Owner), (Manager::Admin(OWN), Role::Admin)] {
            assert_eq!(check_change(manager, (OWN, own), RightsChange::default()), Ok(()));
            for change in [role(own), role(Role::Viewer), role(Role::Owner)] {
                assert_eq!(check_change(manager, (OWN, own), change), Err(NotAllowed::OwnRights));
            }
            let approve = RightsChange { may_approve: Some(true), ..RightsChange::default() };
            assert_eq!(check_change(manager, (OWN, own), approve), Err(NotAllowed::OwnRights));
            let drop = RightsChange { drops_second_factor: true, ..RightsChange::default() };
            assert_eq!(check_change(manager, (OWN, own), drop), Err(NotAllowed::OwnSecondFactor));
            assert_eq!(check_removal(manager, (OWN, own)), Err(NotAllowed::OwnRemoval));
        }
    }

    #[test]
    fn no_tenant_has_a_user_who_owns_the_platform() {
        for manager in MANAGERS {
            assert!(check_addition(manager, Role::SuperAdmin, false).is_err());
        }
    }
}

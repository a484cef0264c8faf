//! The states of a tenant, from its first day to the erasure of what it had.

use jiff::SignedDuration;

use crate::kernel::words::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantState {
    /// Registered itself, and has not had credit yet.
    Trial,
    Active,
    /// Everything works, for a week: then it is suspended.
    Grace,
    /// It can be read; nothing is changed or sent, and what is due waits. Meta's updates are taken and refunds are paid.
    Suspended,
    /// As suspended, for a month: then its data is erased.
    Closed,
    /// What names people is gone; the books stay.
    Erased,
}

words! { TenantState, UnknownTenantState, "is not a state of a tenant":
    Trial = "TRIAL",
    Active = "ACTIVE",
    Grace = "GRACE",
    Suspended = "SUSPENDED",
    Closed = "CLOSED",
    Erased = "ERASED",
}

const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);
const CLOSED: SignedDuration = SignedDuration::from_hours(30 * 24);

impl TenantState {
    /// Whether its users may log in, and its users and keys read.
    pub const fn may_read(self) -> bool {
        match self {
            Self::Trial | Self::Active | Self::Grace | Self::Suspended | Self::Closed => true,
            Self::Erased => false,
        }
    }

    /// Whether its users and keys may change something, and its messages may be sent.
    pub const fn may_change(self) -> bool {
        match self {
            Self::Trial | Self::Active | Self::Grace => true,
            Self::Suspended | Self::Closed | Self::Erased => false,
        }
    }

    /// The state that follows by itself, and after how long.
    pub const fn followed_by(self) -> Option<(Self, SignedDuration)> {
        match self {
            Self::Grace => Some((Self::Suspended, GRACE)),
            Self::Closed => Some((Self::Erased, CLOSED)),
            Self::Trial | Self::Active | Self::Suspended | Self::Erased => None,
        }
    }

    /// The states that the platform's owner may put the tenant into. Erased follows by itself alone, so that a closed tenant
    /// has its month to come back.
    pub const fn may_become(self) -> &'static [Self] {
        match self {
            Self::Trial | Self::Grace => &[Self::Active, Self::Suspended, Self::Closed],
            Self::Active => &[Self::Grace, Self::Suspended, Self::Closed],
            Self::Suspended => &[Self::Active, Self::Grace, Self::Closed],
            Self::Closed => &[Self::Active, Self::Suspended],
            Self::Erased => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_changed_may_be_read_and_only_an_erased_tenant_is_never_left() {
        for state in TenantState::ALL {
            assert!(state.may_read() || !state.may_change(), "{state}");
            assert_eq!(state.may_become().is_empty(), state == TenantState::Erased, "{state}");
            assert!(
                !state.may_become().contains(&state) && !state.may_become().contains(&TenantState::Erased)
            );
            assert!(!state.may_become().contains(&TenantState::Trial), "{state}: a trial is not begun again");
        }
    }

    #[test]
    fn a_tenant_without_an_order_ends_suspended_or_erased_and_never_sends_again_by_itself() {
        for state in TenantState::ALL {
            if let Some((next, after)) = state.followed_by() {
                assert!(after.is_positive() && !next.may_change(), "{state}");
            }
        }
    }
}

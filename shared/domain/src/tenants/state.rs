//! The states of a tenant, from its first day to the erasure of what it had.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kernel::words::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
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

/// The tenant is in a state that the one asked for does not follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{}", self.why())]
pub struct StateConflict {
    pub is: TenantState,
    /// What it may become; nothing while its data is being erased, and after.
    pub allowed: &'static [TenantState],
}

impl StateConflict {
    fn why(self) -> String {
        let Self { is, allowed } = self;
        match (is, allowed) {
            (TenantState::Erased, _) => "the tenant is erased: nothing of it can be changed".to_owned(),
            (_, []) => "the tenant's data is being erased: nothing of it can be changed".to_owned(),
            (is, allowed) => {
                let words: Vec<&str> = allowed.iter().map(|state| state.as_str()).collect();
                format!("the tenant is {is}: it can become {}", words.join(", "))
            }
        }
    }
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

    /// Refuses a state that the platform's owner may not put the tenant into.
    pub fn check_change(self, to: Self) -> Result<(), StateConflict> {
        let allowed = self.may_become();
        if allowed.contains(&to) { Ok(()) } else { Err(StateConflict { is: self, allowed }) }
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
    fn a_refused_change_says_what_is_possible_and_an_erased_tenant_that_nothing_is() {
        let refused = TenantState::Trial.check_change(TenantState::Grace).unwrap_err();
        assert_eq!(refused.to_string(), "the tenant is TRIAL: it can become ACTIVE, SUSPENDED, CLOSED");
        let refused = TenantState::Erased.check_change(TenantState::Active).unwrap_err();
        assert_eq!(refused.to_string(), "the tenant is erased: nothing of it can be changed");
        assert_eq!(TenantState::Closed.check_change(TenantState::Active), Ok(()));
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

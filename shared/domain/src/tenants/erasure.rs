//! What is erased of a tenant that was closed, in order.

use crate::kernel::words::words;

/// One kind of data. Each is erased in as many transactions as it takes before the next is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErasureStep {
    /// Users, sessions, links, keys, stored answers and events: no one logs in any more.
    Access,
    /// Messages that were not sent are cancelled; what was debited for them is refunded.
    Waiting,
    /// Recipients, variables and texts of messages.
    Messages,
    Contacts,
    Templates,
    /// Updates of Meta's that are parked or that nothing handled.
    Updates,
    /// Accounts, numbers, slug and name. With it the tenant is erased.
    Identity,
}

words! { ErasureStep, UnknownErasureStep, "is not a step of an erasure":
    Access = "ACCESS",
    Waiting = "WAITING",
    Messages = "MESSAGES",
    Contacts = "CONTACTS",
    Templates = "TEMPLATES",
    Updates = "UPDATES",
    Identity = "IDENTITY",
}

impl ErasureStep {
    pub const FIRST: Self = Self::Access;

    /// What is erased after this; `None` after the last.
    pub const fn next(self) -> Option<Self> {
        match self {
            Self::Access => Some(Self::Waiting),
            Self::Waiting => Some(Self::Messages),
            Self::Messages => Some(Self::Contacts),
            Self::Contacts => Some(Self::Templates),
            Self::Templates => Some(Self::Updates),
            Self::Updates => Some(Self::Identity),
            Self::Identity => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_taken_once() {
        let mut taken = Vec::new();
        let mut next = Some(ErasureStep::FIRST);
        while let Some(step) = next {
            assert!(!taken.contains(&step), "{step} comes twice");
            taken.push(step);
            next = step.next();
        }
        assert_eq!(taken, ErasureStep::ALL);
    }
}

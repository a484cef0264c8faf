//! What a plan limits, and how much of it is used.

use std::fmt;

use crate::kernel::words::words;

/// What a plan allows so many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Messages that are debited in a month (UTC).
    Messages,
    Contacts,
    Templates,
    PhoneNumbers,
    Users,
}

words! { Quantity, UnknownQuantity, "is not what a plan limits":
    Messages = "MESSAGES",
    Contacts = "CONTACTS",
    Templates = "TEMPLATES",
    PhoneNumbers = "PHONE_NUMBERS",
    Users = "USERS",
}

impl Quantity {
    /// As a plan names the limit in the API.
    pub const fn limit(self) -> &'static str {
        match self {
            Self::Messages => "messagesPerMonth",
            Self::Contacts => "contacts",
            Self::Templates => "templates",
            Self::PhoneNumbers => "phoneNumbers",
            Self::Users => "users",
        }
    }

    /// In a sentence, after this many.
    const fn noun(self, count: i64) -> &'static str {
        match (self, count == 1) {
            (Self::Messages, true) => "message a month",
            (Self::Messages, false) => "messages a month",
            (Self::Contacts, true) => "contact",
            (Self::Contacts, false) => "contacts",
            (Self::Templates, true) => "template",
            (Self::Templates, false) => "templates",
            (Self::PhoneNumbers, true) => "phone number",
            (Self::PhoneNumbers, false) => "phone numbers",
            (Self::Users, true) => "user",
            (Self::Users, false) => "users",
        }
    }

    /// What a clerk does about a limit that is reached.
    const fn remedy(self) -> &'static str {
        match self {
            Self::Messages => "Wait for the next month, or ask for a larger plan.",
            Self::Contacts => "Import fewer contacts, or ask for a larger plan.",
            Self::Templates => "Delete a template at Meta that you no longer need, or ask for a larger plan.",
            Self::PhoneNumbers | Self::Users => "Ask for a larger plan.",
        }
    }
}

/// A plan does not allow what was asked for. Nothing of it was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LimitReached {
    pub quantity: Quantity,
    /// The plan's name.
    pub plan: String,
    pub used: i64,
    pub max: i64,
    /// How many were to be added.
    pub asked: i64,
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quantity, plan, used, max, asked } = self;
        let (noun, left) = (quantity.noun(*max), left(*used, *max));
        write!(f, "The plan {plan} allows {max} {noun}, and {used} are used: ")?;
        match left {
            0 => f.write_str("no more can be added.")?,
            left => write!(f, "{left} more can be added, and not {asked}.")?,
        }
        write!(f, " {}", quantity.remedy())
    }
}

/// How much of a limit is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub quantity: Quantity,
    pub used: i64,
    pub max: i64,
}

/// Percent of a limit from which on it is near.
const NEAR_PERCENT: i128 = 80;

impl Usage {
    /// How many more the plan allows: none also when a smaller plan left more than it allows.
    pub const fn left(self) -> i64 {
        left(self.used, self.max)
    }

    /// Whether the limit will soon be reached, or is.
    pub fn is_near(self) -> bool {
        i128::from(self.used) * 100 >= i128::from(self.max) * NEAR_PERCENT
    }
}

const fn left(used: i64, max: i64) -> i64 {
    let left = max.saturating_sub(used);
    if left < 0 { 0 } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reached(quantity: Quantity, used: i64, max: i64, asked: i64) -> String {
        LimitReached { quantity, plan: "Starter".to_owned(), used, max, asked }.to_string()
    }

    #[test]
    fn a_clerk_reads_what_is_allowed_what_is_used_what_fits_and_what_to_do() {
        assert_eq!(
            reached(Quantity::Contacts, 9_990, 10_000, 25),
            "The plan Starter allows 10000 contacts, and 9990 are used: 10 more can be added, and not 25. Import fewer \
             contacts, or ask for a larger plan."
        );
        // After a downgrade.
        assert_eq!(
            reached(Quantity::PhoneNumbers, 3, 1, 1),
            "The plan Starter allows 1 phone number, and 3 are used: no more can be added. Ask for a larger plan."
        );
    }

    #[test]
    fn a_limit_is_near_from_four_fifths_on_whatever_its_size() {
        let usage = |used, max| Usage { quantity: Quantity::Users, used, max };
        assert!(
            !usage(3, 5).is_near()
                && usage(4, 5).is_near()
                && usage(1, 1).is_near()
                && !usage(0, 1).is_near()
        );
        assert!(usage(i64::MAX, i64::MAX).is_near() && !usage(0, i64::MAX).is_near());
        assert_eq!((usage(7, 5).left(), usage(2, 5).left()), (0, 3));
    }
}

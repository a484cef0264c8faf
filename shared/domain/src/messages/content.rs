//! What a message says, to whom it goes, what asked for it, and in which lane it waits.

use std::fmt;

use uuid::Uuid;

use crate::{CampaignId, Category, PhoneNumber, TemplateId};

/// What a person is reached by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    Phone(PhoneNumber),
    /// Meta's business-scoped user id (BSUID), of a person whose phone number is not known.
    UserId(String),
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(phone) => phone.fmt(f),
            Self::UserId(id) => f.write_str(id),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Template {
        template_id: TemplateId,
        category: Category,
        /// Values of the template's variables, in order.
        variables: Vec<String>,
    },
    /// Free text, which Meta delivers only within 24 hours of the person's last message.
    Text(String),
}

impl Content {
    /// The category that Meta charges, as stored. Free-form messages are `SERVICE`.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Template { category, .. } => category.as_str(),
            Self::Text(_) => SERVICE,
        }
    }
}

/// Meta's category of free-form messages.
pub const SERVICE: &str = "SERVICE";

/// What asked for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Api,
    Campaign(CampaignId),
    Escalation(Uuid),
    /// An answer to something that the person wrote.
    Reply,
    Test,
}

impl Source {
    /// As stored: the kind, and the id of what asked.
    pub const fn parts(self) -> (&'static str, Option<Uuid>) {
        match self {
            Self::Api => ("API", None),
            Self::Campaign(CampaignId(id)) => ("CAMPAIGN", Some(id)),
            Self::Escalation(id) => ("ESCALATION", Some(id)),
            Self::Reply => ("REPLY", None),
            Self::Test => ("TEST", None),
        }
    }
}

/// The order of sending among what is due: a code or a page that a person is waiting for goes before an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Authentication, and pages of an escalation.
    First,
    /// What a customer expects: utility templates and free text.
    Second,
    Third,
}

impl Lane {
    pub const ALL: [Self; 3] = [Self::First, Self::Second, Self::Third];

    /// The lane of a stored category and source.
    pub fn of(category: &str, source: &str) -> Self {
        match (category, source) {
            ("AUTHENTICATION", _) | (_, "ESCALATION") => Self::First,
            ("MARKETING", _) => Self::Third,
            _ => Self::Second,
        }
    }

    /// As stored, lowest first.
    pub const fn priority(self) -> i16 {
        match self {
            Self::First => 0,
            Self::Second => 1,
            Self::Third => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_and_a_page_go_before_a_notice_and_an_offer_goes_last() {
        for (category, source, lane) in [
            ("AUTHENTICATION", "API", Lane::First),
            ("UTILITY", "ESCALATION", Lane::First),
            ("UTILITY", "API", Lane::Second),
            (SERVICE, "REPLY", Lane::Second),
            ("MARKETING", "CAMPAIGN", Lane::Third),
        ] {
            assert_eq!(Lane::of(category, source), lane, "{category} {source}");
        }
    }
}

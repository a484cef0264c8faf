//! The businesses that use the platform, and what their plans allow.

pub mod usage;

use crate::kernel::words::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantState {
    Active,
    /// Its users cannot log in, and its messages are not sent.
    Suspended,
}

words! { TenantState, UnknownTenantState, "is not a state of a tenant":
    Active = "ACTIVE",
    Suspended = "SUSPENDED",
}

/// What a tenant needs before its first message is delivered, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnboardingStep {
    /// A business number that can send.
    Number,
    /// Something came from Meta's webhooks.
    Webhook,
    /// A template is approved.
    Template,
    Credit,
    /// A message was delivered.
    TestMessage,
}

words! { OnboardingStep, UnknownOnboardingStep, "is not a step of the onboarding":
    Number = "NUMBER",
    Webhook = "WEBHOOK",
    Template = "TEMPLATE",
    Credit = "CREDIT",
    TestMessage = "TEST_MESSAGE",
}

impl TenantState {
    /// Whether the tenant's users may log in and its messages may be sent.
    pub const fn may_act(self) -> bool {
        match self {
            Self::Active => true,
            Self::Suspended => false,
        }
    }
}

//! The businesses that use the platform, and what their plans allow.

pub mod state;
pub mod usage;

pub use state::{TenantState, UnknownTenantState};

use crate::kernel::words::words;

/// What a tenant needs before its first message is delivered, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnboardingStep {
    /// An owner has proved the e-mail address, where the platform asks for it.
    Email,
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
    Email = "EMAIL",
    Number = "NUMBER",
    Webhook = "WEBHOOK",
    Template = "TEMPLATE",
    Credit = "CREDIT",
    TestMessage = "TEST_MESSAGE",
}

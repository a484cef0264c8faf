//! The businesses that use the platform, and what their plans allow.

pub mod erasure;
pub mod registration;
pub mod state;
pub mod usage;

use uuid::Uuid;

pub use erasure::{ErasureStep, UnknownErasureStep};
pub use registration::{RegistrationMode, UnknownRegistrationMode};
pub use state::{StateConflict, TenantState, UnknownTenantState};

use crate::kernel::id::{InvitationId, TenantId};
use crate::kernel::page::PagePosition;
use crate::kernel::words::words;

impl PagePosition for TenantId {
    const LIST: &'static str = "tenants";
    const START: Self = Self(Uuid::max());
}

impl PagePosition for InvitationId {
    const LIST: &'static str = "invitations";
    const START: Self = Self(Uuid::max());
}

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

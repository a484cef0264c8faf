//! Tenants, their plans, and the platform itself.

pub mod audit_log;
pub mod change;
pub mod create;
pub(crate) mod invitation_code;
pub mod invitations;
pub mod look;
pub mod onboarding;
pub mod owner;
pub mod plans;
pub mod register;
pub mod resend_invite;
pub mod subscription;

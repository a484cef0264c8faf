//! Tenants, their plans, and the platform itself.

pub mod audit_log;
pub mod create;
pub mod onboarding;
pub mod owner;
pub mod plans;
pub mod register;
pub mod resend_invite;
pub mod subscription;

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod onboarding;
pub(crate) mod resend_invite;
pub(crate) mod subscription;

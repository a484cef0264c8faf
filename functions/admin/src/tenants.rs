pub(crate) mod create;
pub(crate) mod resend_invite;

pub(crate) mod jwks;
pub(crate) mod login;
pub(crate) mod set_password;

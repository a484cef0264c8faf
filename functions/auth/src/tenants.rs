pub(crate) mod register;

pub(crate) mod add_credits;
pub(crate) mod balance;
pub(crate) mod ledger;

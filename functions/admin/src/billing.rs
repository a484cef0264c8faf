pub(crate) mod add_credits;
pub(crate) mod balance;
pub(crate) mod entry;
pub(crate) mod ledger;
pub(crate) mod proof;
pub(crate) mod quote;
pub(crate) mod statement;
mod statement_csv;
